"""scikit-learn's conventions."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from conftest import DEVICES, short


@parametrize_with_checks([short(epochs=2, hidden=(4,), device=device) for device in DEVICES])
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)


def test_pipelines_and_grid_search(roll, quick):
    model = make_pipeline(StandardScaler(), quick())
    codes = model.fit_transform(roll)
    assert codes.shape == (80, 2)
    assert model.inverse_transform(codes).shape == roll.shape
    search = GridSearchCV(quick(), {"n_components": [1, 2]}, cv=2).fit(roll)
    assert search.best_params_["n_components"] in (1, 2)
    assert search.best_score_ < 0


def test_names_of_features_and_frames(roll, quick):
    frame = pd.DataFrame(roll, columns=["x", "y", "z"])
    model = quick().set_output(transform="pandas").fit(frame)
    assert list(model.feature_names_in_) == ["x", "y", "z"]
    assert list(model.get_feature_names_out()) == ["nrae0", "nrae1"]
    codes = model.transform(frame)
    assert list(codes.columns) == ["nrae0", "nrae1"] and codes.index.equals(frame.index)
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame.rename(columns={"x": "other"}))


def test_clones_and_parameters(quick):
    model = quick(lam=0.5, settings={"train.beta1": 0.8})
    other = clone(model)
    assert other.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        other.transform(np.zeros((2, 3)))


def test_pickles_and_joblib(tmp_path, roll, quick):
    model = quick().fit(roll)
    codes = model.transform(roll)
    joblib.dump(model, tmp_path / "model.joblib")
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
        assert np.array_equal(copy.transform(roll), codes)
        # What has been pickled trains on as the model itself does.
        both = [each.set_params(warm_start=True).fit(roll) for each in (clone_of(model), copy)]
        assert np.array_equal(both[0].transform(roll), both[1].transform(roll))


def clone_of(model):
    return pickle.loads(pickle.dumps(model))
