"""Where the watts of a plan come from, and the history of all its numbers."""

from __future__ import annotations

from advisor.model.quantity import Quantity

from .speed_history import SpeedHistories


class PlanHistories(SpeedHistories):
    """The history of every number of a plan."""

    def all(self) -> dict[str, Quantity]:
        """Every figure, by name."""
        self.memory()
        self.speed()
        self.power()
        return self.figures

    def power(self) -> None:
        limits = self.devices("tdp_w")
        formula = self._summed("tdp_w")
        if self.plan.rig.power_cap_w is not None and self.request.power_cap_w is not None:
            limits = (*limits, self.request.power_cap_w)
            formula += ", each card at most its cap"
        gpu = self.add("gpu_w", "power limits", "W", formula, limits)
        host = self.parameters("host-consumer-w", "psu-efficiency")
        wall = self.add(
            "system_w",
            "at the wall under load",
            "W",
            "(cards + host) / supply efficiency",
            (gpu, *host),
        )
        moving = self.parameters(
            "cap-static-share",
            "cap-w-per-gb-s",
            "cap-w-per-gb-s-hbm",
            "cap-share-moe",
            "cap-duty-tensor",
        )
        moved = (gpu, *self.devices("bandwidth_gb_s"), *moving)
        decoding = self.add(
            "decode_w",
            "at the wall while decoding",
            "W",
            "(static share + watts to move the bytes, for the time a card is busy, + host) / "
            "supply efficiency",
            (*moved, *self.parameters("host-decode-w", "psu-efficiency")),
        )
        idle = self.add(
            "idle_w",
            "at the wall doing nothing",
            "W",
            "cards x idle watts + host, or machines x idle watts",
            (gpu, *self.parameters("idle-card-w", "idle-host-w", "idle-machine-w")),
        )
        spikes = self.add(
            "transient_w",
            "load spikes the supply rides out",
            "W",
            "cards x spike factor + host",
            (gpu, *self.parameters("psu-transient-factor", "psu-system-w")),
        )
        self.add(
            "psu_needed_w",
            "supply that rides out load spikes",
            "W",
            "spikes / efficiency, rounded up to one sold",
            (spikes, *self.parameters("psu-efficiency")),
        )
        self.add("heat_btu_h", "heat into the room", "BTU/h", "watts x 3.412", (wall,))
        self.add(
            "usd_per_year",
            "electricity a year",
            "USD",
            "(decoding for the hours a day + idle for the rest) x 365 x price",
            (decoding, idle, *self.parameters("hours-per-day", "electricity-usd-per-kwh")),
        )
        cap = self.add(
            "gentle_cap_w",
            "limit of each card that keeps nearly all speed",
            "W",
            "lowest in steps of 10 W, from half the limit, at which decoding keeps the share asked",
            (*moved, *self.parameters("gentle-cap-keeps")),
        )
        self.add(
            "gentle_cap_saves_w",
            "what that limit takes off the cards",
            "W",
            "limits - limits under the cap",
            (gpu, cap),
        )
