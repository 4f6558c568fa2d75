"""Inductive biases beside the networks: linear truths for linear models, margins of SVMs."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.svm import LinearSVC

from bench.generalization.data import Data, split
from bench.generalization.setting import Setting

PENALTIES = {"svm wide": 0.01, "svm narrow": 100.0}
SVM_ITERATIONS = 20_000
TARGETS = ("linear target", "non-linear target")


def with_target(data: Data, target: str) -> Data:
    """Return the same samples with labels that a random rule makes of them.

    Parameters
    ----------
    data : Data
    target : {"linear target", "non-linear target"}
        The side of one random plane through the mean; or whether two such planes agree, which no linear model
        can tell.
    """
    directions = np.random.default_rng(0).standard_normal((2, data.x_ND.shape[1]))
    deviations = data.x_ND.std(0)
    centred = (data.x_ND - data.x_ND.mean(0)) / np.where(deviations > 0, deviations, 1.0)
    sides = centred @ directions.T > 0
    labels = sides[:, 0] if target == "linear target" else sides[:, 0] == sides[:, 1]
    return replace(data, name=f"{data.name}, {target}", y_N=labels.astype(np.int64), image_shape=None)


def target_settings(plain: Setting) -> list[Setting]:
    """Return the linear model and the MLP, for a target without wrong labels.

    The linear model takes larger steps: at the MLP's rate it would be cut off before it fits its samples.
    """
    right = replace(plain, label_noise=0.0)
    linear = replace(right, name="linear model", network="linear", learning_rate=10 * plain.learning_rate)
    return [linear, replace(right, name="mlp")]


def margins(data: Data, plain: Setting, seed: int) -> list[dict[str, Any]]:
    """Fit linear support vector machines with a wide and a narrow margin.

    Returns
    -------
    list of dict
        A row each: accuracies, gap, `weight_norm`, and `margin`, twice the distance 1 / |w| of the plane from
        its nearest correctly classified samples, mean over the classes' planes (Cortes and Vapnik 1995).
        None at all where the training samples are all of one class.
    """
    samples = split(data, plain, seed)
    if len(samples.y_train.unique()) < 2:
        return []
    rows = []
    for name, penalty in PENALTIES.items():
        # the squared hinge loss in its primal form: with few features it converges where the dual does not
        model = LinearSVC(C=penalty, dual=False, max_iter=SVM_ITERATIONS, random_state=seed)
        model.fit(samples.x_train, samples.y_train)
        parts = ("train", "validation", "test")
        accuracies = {
            f"{part}_accuracy": model.score(getattr(samples, f"x_{part}"), getattr(samples, f"y_{part}"))
            for part in parts
        }
        norms = np.linalg.norm(model.coef_, axis=1)
        rows.append(
            {
                "setting": name,
                "seed": seed,
                **accuracies,
                "gap_accuracy": accuracies["train_accuracy"]
                - model.score(samples.x_test, samples.y_test_spoiled),
                "weight_norm": float(np.linalg.norm(model.coef_)),
                "margin": float(np.mean(2 / norms)),
            }
        )
    return rows
