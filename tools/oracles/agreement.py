"""Agreement by other people's packages, on random ratings: test/golden/quality/agreement.json.

    pip install krippendorff scikit-learn crowd-kit
    python tools/oracles/agreement.py > test/golden/quality/agreement.json

Krippendorff's alpha by `krippendorff` (Castro), weighted kappa by scikit-learn, the Dawid-Skene model by crowd-kit.
"""
import json
import sys

import krippendorff
import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene
from sklearn.metrics import cohen_kappa_score

random = np.random.default_rng(1979)


def ratings(labelers, items, levels, missing, noise):
    """Labelers' level indices of items, [labelers, items]; nan where there is none."""
    truth = random.integers(0, levels, items)
    given = np.clip(np.round(truth + noise * random.standard_normal((labelers, items))), 0, levels - 1)
    given[random.random((labelers, items)) < missing] = np.nan
    return given


def alpha(values, *shape):
    given = ratings(shape[0], shape[1], len(values), *shape[2:])
    counts = [[int((given[:, i] == level).sum()) for level in range(len(values))] for i in range(given.shape[1])]
    by = {"nominal": given, "ordinal": given, "interval": np.where(np.isnan(given), np.nan, np.take(values, np.nan_to_num(given).astype(int)))}
    return {
        "values": values,
        "patterns": [{"counts": row, "items": 1} for row in counts],
        **{name: krippendorff.alpha(reliability_data=data, level_of_measurement=name) for name, data in by.items()},
    }


def kappa(levels, items, noise):
    a, b = ratings(2, items, levels, 0.0, noise).astype(int)
    counts = np.zeros((levels, levels), dtype=int)
    np.add.at(counts, (a, b), 1)
    values = list(range(1, levels + 1))
    return {
        "values": values,
        "counts": counts.ravel().tolist(),
        **{name: cohen_kappa_score(a, b, labels=range(levels), weights=name) for name in ("linear", "quadratic")},
    }


def dawid_skene(labelers, items, levels):
    given = ratings(labelers, items, levels, 0.3, 0.6)
    rows = [(i, l, int(given[l, i])) for i in range(items) for l in range(labelers) if not np.isnan(given[l, i])]
    model = DawidSkene(n_iter=5000, tol=1e-13).fit(pd.DataFrame(rows, columns=["task", "worker", "label"]))
    error = lambda l, j, k: float(model.errors_[j].get((l, k), 0.0))
    return {
        "labelers": labelers,
        "items": items,
        "levels": levels,
        "answers": rows,
        # [labelers, true level, answer]
        "errorRates": [[[error(l, j, k) for k in range(levels)] for j in range(levels)] for l in range(labelers)],
        "prevalence": [float(model.priors_[j]) for j in range(levels)],
        "posterior": [[float(model.probas_.loc[i, j]) for j in range(levels)] for i in range(items)],
    }


json.dump(
    {
        "alpha": [
            alpha([1, 2, 3, 4, 5], 4, 30, 0.4, 0.8),
            alpha([0, 1], 3, 40, 0.1, 0.5),
            alpha([1, 2, 4, 8, 16, 20, 21], 6, 25, 0.6, 1.5),
            alpha([-2, 0, 1, 7], 5, 50, 0.5, 3.0),
        ],
        "kappa": [kappa(5, 60, 0.9), kappa(3, 40, 0.6), kappa(8, 200, 2.0)],
        "dawidSkene": dawid_skene(5, 80, 3),
    },
    sys.stdout,
)
