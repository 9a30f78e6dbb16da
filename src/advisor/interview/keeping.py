"""temporary"""

from typing import Any

from advisor.model.profile import FIELDS, Profile


def stated(profile: Profile) -> dict[str, Any]:
    every = profile.to_dict()
    return {
        f: (int(v) if isinstance(v, float) and v == int(v) else v)
        for f in FIELDS
        if f in profile.given
        for v in [every[f]]
    }
