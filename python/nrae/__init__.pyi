from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, NamedTuple, Optional, Union

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

__version__: str

Callback = Callable[[dict[str, Any]], Any]
Path = Union[str, PathLike[str]]

class Jets(NamedTuple):
    value: NDArray[np.float32]
    jvp: NDArray[np.float32]
    hvp: NDArray[np.float32]

class Curvature(NamedTuple):
    scalar: NDArray[np.float64]
    extrinsic: NDArray[np.float64]

class Geodesic(NamedTuple):
    path: NDArray[np.float64]
    length: float
    straight_length: float
    converged: bool

class KnnGraph(NamedTuple):
    indices: NDArray[np.uint32]
    distances: NDArray[np.float32]
    recall: float

class Page:
    html: str
    def save(self, path: Path) -> None: ...

class NRAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    history_: list[dict[str, Any]]
    n_iter_: int
    n_features_in_: int
    sample_shape_: tuple[int, ...]
    stopped_: Literal["done", "validation", "callback", "interrupt"]
    interrupted_: bool
    config_: dict[str, Any]
    def __init__(
        self,
        n_components: int = ...,
        method: str = ...,
        n_neighbors: Optional[int] = ...,
        *,
        lam: Optional[float] = ...,
        weight: Optional[float] = ...,
        net: str = ...,
        hidden: Sequence[int] = ...,
        activation: str = ...,
        epochs: Optional[int] = ...,
        batch: Optional[int] = ...,
        lr: float = ...,
        schedule: str = ...,
        patience: int = ...,
        validation: Optional[float] = ...,
        scaling: Optional[str] = ...,
        layout: str = ...,
        settings: Optional[Mapping[str, Any]] = ...,
        data_memory_mib: Optional[int] = ...,
        device: Literal["auto", "gpu", "cpu"] = ...,
        adapter: Optional[str] = ...,
        precision: Literal["f32", "f16", "f16x3"] = ...,
        random_state: Union[int, RandomState, None] = ...,
        verbose: int = ...,
        warm_start: bool = ...,
    ) -> None: ...
    def fit(
        self,
        X: Any,
        y: Any = ...,
        *,
        validation_data: Any = ...,
        callbacks: Union[Callback, Sequence[Callback]] = ...,
    ) -> NRAE: ...
    def partial_fit(
        self,
        X: Any,
        y: Any = ...,
        *,
        validation_data: Any = ...,
        callbacks: Union[Callback, Sequence[Callback]] = ...,
    ) -> NRAE: ...
    def transform(self, X: Any) -> NDArray[np.float32]: ...
    def fit_transform(self, X: Any, y: Any = ..., **fit_params: Any) -> NDArray[np.float32]: ...
    def inverse_transform(self, Z: ArrayLike) -> NDArray[Any]: ...
    def reconstruct(self, X: Any) -> NDArray[Any]: ...
    def score(self, X: Any, y: Any = ...) -> float: ...
    def jets(self, z: ArrayLike, dz: ArrayLike) -> Jets: ...
    def metric(self, z: ArrayLike) -> NDArray[np.float64]: ...
    def curvature(self, z: ArrayLike) -> Curvature: ...
    def geodesic(self, z0: ArrayLike, z1: ArrayLike, pieces: int = ...) -> Geodesic: ...
    def explore(self, X: Any, y: Any = ..., *, title: str = ...) -> Page: ...
    def save(self, path: Path) -> None: ...
    @classmethod
    def load(cls, path: Path) -> NRAE: ...
    def to_torch(self) -> Any: ...

def load(path: Path) -> NRAE: ...
def knn_graph(
    X: Any,
    k: int = ...,
    metric: Literal["euclidean", "cosine"] = ...,
    *,
    graph: Literal["auto", "exact", "approximate"] = ...,
    device: Literal["auto", "gpu", "cpu"] = ...,
) -> KnnGraph: ...
def device_name(
    device: Literal["auto", "gpu", "cpu"] = ..., *, adapter: Optional[str] = ...
) -> str: ...
