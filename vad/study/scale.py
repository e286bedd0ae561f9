"""The scale: options that stand equally spaced between full agreement and its opposite."""

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@overload
def equally_spaced(rank: float, count: int) -> float: ...
@overload
def equally_spaced(
    rank: "NDArray[np.floating[Any]]", count: "int | NDArray[np.int64]"
) -> "NDArray[np.floating[Any]]": ...
def equally_spaced(rank: Any, count: Any) -> Any:
    """The score of a rank among so many: 1 for the first, rank 0, and -1 for the last.

    rank: one, or an array of them, NaN where missing. count: 2 or more, one or an array like it.
    """
    return 1 - 2 * rank / (count - 1)
