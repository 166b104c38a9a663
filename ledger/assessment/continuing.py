"""Thông tư 43/2021/TT-BGDĐT: assessment of learners (học viên) in continuing education.

Built as TT 22/2021 is, and assessed by `tt22`, with one difference: the least numbers of subjects
at 8.0, 6.5 and 5.0. Learners have fewer subjects, and the numbers of the circular could not be
found: they are configured, and until then no level is given and the gap is named.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from ledger.assessment import tt22

MISSING_THRESHOLDS: Final = "thresholds"
"""Stands in `StudyResult.missing` while the numbers of subjects are not configured."""


def study_result(
    scores: Mapping[str, Decimal | None],
    comments: Mapping[str, str | None],
    strategy: tt22.Adjustment = tt22.Adjustment.REMOVAL_ANY_SUBJECT,
    *,
    subjects_at: tuple[int, int, int] | None,
) -> tt22.StudyResult:
    """Return the level of study as `tt22.study_result` does, by the numbers configured.

    Without them `missing` is `("thresholds",)`, whatever else is missing.
    """
    if subjects_at is None:
        return tt22.StudyResult(
            level=None,
            threshold_level=None,
            adjusted=False,
            strategy=strategy,
            missing=(MISSING_THRESHOLDS,),
        )
    return tt22.study_result(scores, comments, strategy, subjects_at=subjects_at)
