"""python -m vad.cli"""

from .main import main

main()
