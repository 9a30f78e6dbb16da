"""The rig and the link of an estimate, from the person's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from advisor.knowledge import Knowledge
from advisor.model.advice import Link
from advisor.model.catalog import BuildTemplate, Superseded
from advisor.model.estimate import Asked
from advisor.model.plan import Rig
from advisor.model.profile import Network, Pcie, Profile

from .profile_facts import ProfileNodes
from .rigs import NETWORK_LINKS, RigMaker, template_from

PCIE = re.compile(r"pcie(?P<generation>\d)x(?P<lanes>\d+)")
RDMA = "rdma-"
PROCESSOR = "cpu"
BRIDGES = ("nvlink", "nvswitch")


@dataclass(frozen=True, eq=False)
class AskedRig:
    """A rig with what the person said of it, in the words of a profile.

    ``refused`` is the stated link where the devices have none of the kind, ``narrower`` where they
    have one that is slower than stated.
    """

    rig: Rig
    owned: dict[str, int]
    network: Network = "none"
    pcie: Pcie | None = None
    stand_ins: tuple[tuple[str, Superseded], ...] = ()
    refused: str | None = None
    narrower: str | None = None


def asked_rig(asked: Asked, knowledge: Knowledge) -> AskedRig:
    """The rig that ``asked`` names. Raises InputError for words outside the catalogue.

    Devices joined by a network are machines of their own, one device each, unless the rig says how
    many machines there are. A link the devices do not have gives way to the usual one.
    """
    if asked.rig.lower() == PROCESSOR:
        bare = Rig(slug=PROCESSOR, title="the processor alone", members=(), link="none")
        return AskedRig(bare, {})
    template = template_from(asked.rig, knowledge, "rig")
    word = asked.link or template.link or ""
    bridged = word in BRIDGES and _bridged(template, word, knowledge)
    template = template.model_copy(update={"link": word if bridged else None})
    count = sum(template.devices.values()) * template.nodes
    wide = PCIE.fullmatch(word)
    pcie = None
    if wide is not None:
        lanes = (int(wide["lanes"]),) * count
        pcie = Pcie(lanes=lanes, generation=int(wide["generation"]))  # type: ignore[arg-type]
    network = word.removeprefix(RDMA)
    networked = count > 1 and network != "none" and network in NETWORK_LINKS
    profile = Profile(
        target_model=asked.model,
        network=cast(Network, network) if networked else "none",
        pcie=pcie,
        gpu_power_cap_w=asked.power_cap_w,
        given=frozenset({"pcie", "network"}),
    )
    rig = RigMaker(profile, ProfileNodes(profile), knowledge).rig(template)
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
    named = [part.strip() for part in asked.rig.split("+")]
    found = [(part, knowledge.stand_in(part)) for part in named]
    stand_ins = tuple((part, one) for part, one in found if one is not None)
    has_it = not word or count == 1 or rig.link == _kind(word)
    return AskedRig(
        rig,
        owned,
        profile.network,
        pcie,
        stand_ins,
        refused=None if has_it else word,
        narrower=word if wide and has_it and _narrower(rig, wide, knowledge) else None,
    )


def _bridged(template: BuildTemplate, word: str, knowledge: Knowledge) -> bool:
    """Whether NVLink or NVSwitch can join the devices of a machine: equal ones, in full groups."""
    if len(template.devices) > 1:
        return False
    (slug, count), *_ = template.devices.items()
    device = knowledge.devices.get(slug) or knowledge.find_device(slug)
    if device.fabric == "nvswitch":
        return count > 1
    return word == device.bridge and count > 1 and count % (device.link_max_devices or 2) == 0


def _kind(word: str) -> Link:
    """The kind of link that a word names."""
    if word.startswith("pcie") or word in (*BRIDGES, "unified", "none"):
        return "pcie" if word.startswith("pcie") else cast(Link, word)
    return NETWORK_LINKS[word.removeprefix(RDMA)]


def _narrower(rig: Rig, wide: re.Match[str], knowledge: Knowledge) -> bool:
    """Whether the cards' own lanes are slower than the slot stated."""
    lane = knowledge.parameter(f"pcie{wide['generation']}-lane-gb-s")
    stated = lane.number * int(wide["lanes"])
    return rig.link_gb_s is not None and rig.link_gb_s.number < stated * (1 - 1e-9)
