"""The rig and the link of an estimate, from the person's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from advisor.knowledge import Knowledge
from advisor.model.catalog import Superseded
from advisor.model.estimate import Asked
from advisor.model.plan import Rig
from advisor.model.profile import Network, Pcie, Profile

from .profile_facts import ProfileNodes
from .rigs import NETWORK_LINKS, RigMaker, template_from

PCIE = re.compile(r"pcie(?P<generation>\d)x(?P<lanes>\d+)")
RDMA = "rdma-"
PROCESSOR = "cpu"


@dataclass(frozen=True)
class AskedRig:
    """A rig with what the person said of it, in the words of a profile."""

    rig: Rig
    owned: dict[str, int]
    network: Network
    pcie: Pcie | None
    stand_ins: tuple[tuple[str, Superseded], ...]


def asked_rig(asked: Asked, knowledge: Knowledge) -> AskedRig:
    """The rig that ``asked`` names. Raises InputError for words outside the catalogue.

    Devices joined by a network are machines of their own, one device each, unless the rig says how
    many machines there are.
    """
    if asked.rig.lower() == PROCESSOR:
        bare = Rig(slug=PROCESSOR, title="the processor alone", members=(), link="none")
        return AskedRig(bare, {}, "none", None, ())
    word = asked.link or ""
    template = template_from(asked.rig, knowledge, "rig")
    if word in ("nvlink", "nvswitch"):
        template = template.model_copy(update={"link": word})
    count = sum(template.devices.values()) * template.nodes
    wide = PCIE.fullmatch(word)
    pcie = None
    if wide is not None:
        lanes = (int(wide["lanes"]),) * count
        pcie = Pcie(lanes=lanes, generation=int(wide["generation"]))  # type: ignore[arg-type]
    network = cast(Network, word.removeprefix(RDMA))
    networked = network in NETWORK_LINKS and network != "none"
    profile = Profile(
        target_model=asked.model,
        network=network if networked else "none",
        pcie=pcie,
        gpu_power_cap_w=asked.power_cap_w,
        given=frozenset({"pcie", "network"}),
    )
    maker = RigMaker(profile, ProfileNodes(profile), knowledge)
    rig = maker.rig(template)
    if networked:
        rig = rig.model_copy(
            update={
                "link": NETWORK_LINKS[network],
                "link_gb_s": knowledge.parameter(f"network-{network}-gb-s"),
                "nodes": rig.nodes if rig.nodes > 1 else count,
                "rdma": word.startswith(RDMA) or network == "infiniband",
            }
        )
    owned = {member.device.slug: member.count for member in rig.members}
    named = re.split(r"[+]", asked.rig)
    stand_ins = [(part.strip(), knowledge.stand_in(part.strip())) for part in named]
    found = tuple((part, one) for part, one in stand_ins if one is not None)
    return AskedRig(rig, owned, profile.network, pcie, found)
