"""python -m vad.cli"""

from . import main

main()
