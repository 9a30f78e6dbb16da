"""Rigs: from a build's name, from what the person owns, from the catalogue of builds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, cast

from advisor.errors import InputError, Problem, nearest
from advisor.knowledge import Knowledge, Unknown
from advisor.model.advice import Link
from advisor.model.catalog import BuildTemplate, Device, Superseded
from advisor.model.plan import Member, Rig
from advisor.model.profile import MOST_CARDS, Profile
from advisor.model.quantity import Quantity, calculated

from .profile_facts import ProfileNodes

SHAPING_FIELDS = (
    "existing_cards",
    "considering",
    "nodes",
    "network",
    "board",
    "pcie",
    "system_ram_gb",
    "gpu_power_cap_w",
    "nvlink_bridges",
    "psu_w",
    "budget_covers",
)
BUILD = re.compile(
    r"(?P<rental>rent[- ])?(?:(?P<nodes>\d+)[- ]nodes[- ])?(?P<devices>.+?)"
    r"(?:[- ](?P<link>nvlink|nvswitch))?(?:[- ](?P<runtime>exo|ray-serve|sglang|vllm))?"
)
COUNTED = re.compile(r"(?:(\d+) *[x×] *-? *)?(?!\d+ *[x×]$)(.+)")
NETWORK_LINKS: dict[str, Link] = {
    "none": "ethernet",
    "1gbe": "ethernet",
    "10gbe": "ethernet",
    "25gbe": "ethernet",
    "100gbe": "ethernet",
    "infiniband": "infiniband",
    "thunderbolt4": "thunderbolt",
    "thunderbolt5": "thunderbolt",
}


def template_from(text: str, knowledge: Knowledge, field: str = "considering") -> BuildTemplate:
    """Read ``2x rtx-4090``, ``rtx-4090 + rtx-3090`` or a build slug.

    Raises InputError for anything else, naming the nearest device when a word is not in the
    catalogue.
    """
    match = BUILD.fullmatch(text.strip().lower())
    parts = (
        [COUNTED.fullmatch(part.strip()) for part in match["devices"].split("+")] if match else []
    )
    if match is None or None in parts:
        raise _not_a_build(field, "this is not a build", text)
    nodes = int(match["nodes"] or 1)
    devices: dict[str, int] = {}
    for part in filter(None, parts):
        slug = device_named(part[2], knowledge, field).slug
        devices[slug] = devices.get(slug, 0) + int(part[1] or 1)
    if not 0 < nodes * min(devices.values()) <= nodes * sum(devices.values()) <= MOST_CARDS:
        raise _not_a_build(field, f"1 to {MOST_CARDS:,} devices make a build", text)
    return BuildTemplate(
        devices=devices,
        link=match["link"],
        nodes=nodes,
        runtime=match["runtime"],
        rental=bool(match["rental"]),
    )


def device_named(word: str, knowledge: Knowledge, field: str) -> Device:
    """The device meant by ``word``; InputError with the nearest names when there is none."""
    try:
        return knowledge.find_device(word)
    except Unknown as unknown:
        raise _refused(
            field,
            unknown.why or "this device is not in the catalogue",
            word,
            "a slug of `advisor catalog devices`, or your own entry in devices.yaml of a "
            "folder for --knowledge (name, memory_gb, bandwidth_gb_s, tdp_w and the other "
            "fields that `advisor schema knowledge` tells)",
            ", ".join(unknown.nearest) or nearest(word, knowledge.devices),
        ) from None


def _not_a_build(field: str, what: str, text: str) -> InputError:
    accepted = "2x rtx-3090, rtx-4090 + rtx-3090, or a build slug such as 2x-rtx-3090-nvlink"
    return _refused(field, what, text, accepted)


def _refused(
    field: str, what: str, found: str, accepted: str, near: str | None = None
) -> InputError:
    """A word of the profile, or of an option of the command, that names nothing."""
    file = "command line" if field.startswith("--") else "profile"
    return InputError(
        Problem(file, what, field=field, found=found, accepted=accepted, nearest=near)
    )


class RigMaker:
    """Makes rigs for one profile, with what it owns marked as owned.

    ``asked`` is one more build to judge, whatever the profile says of it.
    """

    def __init__(
        self,
        profile: Profile,
        nodes: ProfileNodes,
        knowledge: Knowledge,
        asked: BuildTemplate | None = None,
    ) -> None:
        self.profile = profile
        self.asked = asked
        self.nodes = nodes
        self.knowledge = knowledge
        self.stand_ins: dict[str, Superseded] = {}
        owned = (
            (device_named(word, knowledge, "existing_cards"), count)
            for word, count in profile.existing_cards.items()
        )
        self.owned: dict[str, int] = {}
        for word in (*profile.existing_cards, *profile.considering):
            if never_sold := knowledge.stand_in(word):
                self.stand_ins[word] = never_sold
        for device, count in owned:
            self.owned[device.slug] = self.owned.get(device.slug, 0) + count

    def candidates(self) -> Iterator[Rig]:
        """Every rig worth judging, each slug once: owned, extended, considered, offered."""
        seen: set[str] = set()
        for template in self._templates():
            rig = self.rig(template)
            if rig.slug not in seen:
                seen.add(rig.slug)
                yield rig

    def considered(self) -> tuple[str, ...]:
        """The slugs of the builds the person named."""
        return tuple(
            self.rig(template_from(text, self.knowledge)).slug for text in self.profile.considering
        )

    def _templates(self) -> Iterator[BuildTemplate]:
        if self.owned:
            nodes = self._machines()
            spread = {slug: count // nodes for slug, count in self.owned.items()}
            yield from self._linked(spread, nodes)
            if nodes > 1 and all(self._form(slug) == "card" for slug in self.owned):
                yield BuildTemplate(devices=dict(self.owned))
        for slug, count in self.owned.items():
            if len(self.owned) > 1:
                yield from self._linked({slug: count})
            for fewer in (1, 2):
                if fewer < count:
                    yield from self._linked({slug: fewer})
            if self.knowledge.devices.get(slug) and self._form(slug) == "card":
                for more in range(1, int(self.knowledge.parameter("cards-to-add").number) + 1):
                    yield from self._linked({slug: count + more})
                yield from self._mixed(slug, count)
        for text in self.profile.considering:
            yield template_from(text, self.knowledge)
        yield from self.knowledge.builds
        if self.asked is not None:
            yield self.asked

    def _form(self, slug: str) -> str:
        return self.knowledge.find_device(slug).form

    def _machines(self) -> int:
        """Machines the owned cards are spread over evenly; else 1."""
        nodes = self.profile.nodes
        even = all(count % nodes == 0 for count in self.owned.values())
        cards = all(self._form(slug) != "machine" for slug in self.owned)
        return nodes if even and cards else 1

    def _linked(self, devices: dict[str, int], nodes: int = 1) -> Iterator[BuildTemplate]:
        """The devices with a bridge where they take one, and without."""
        only = next(iter(devices)) if len(devices) == 1 else None
        if only and devices[only] > 1 and nodes == 1:
            device = self.knowledge.find_device(only)
            if device.bridge == "nvlink" and devices[only] % (device.link_max_devices or 2) == 0:
                yield BuildTemplate(devices=devices, link="nvlink")
            if device.fabric == "nvswitch":
                yield BuildTemplate(devices=devices, link="nvswitch")
        yield BuildTemplate(devices=devices, nodes=nodes)

    def _mixed(self, slug: str, count: int) -> Iterator[BuildTemplate]:
        """One other card beside the owned ones, as the catalogue offers single cards."""
        vendor = self.knowledge.find_device(slug).vendor
        for build in self.knowledge.builds:
            (other, how_many), *more = build.devices.items()
            device = self.knowledge.devices[other]
            if (
                not more
                and how_many == 1
                and not build.rental
                and device.form == "card"
                and other != slug
                and device.vendor == vendor
            ):
                yield BuildTemplate(devices={slug: count, other: 1})

    def rig(self, template: BuildTemplate) -> Rig:
        """A template as a rig: link, lanes and ownership filled in.

        Cards of several kinds stand with the fastest memory first, in whatever order they were
        named, as drivers number them.
        """
        per_node = [(self.knowledge.find_device(s), n) for s, n in template.devices.items()]
        if all(device.form == "card" for device, _ in per_node):
            per_node.sort(key=lambda part: (-part[0].bandwidth_gb_s, part[0].slug))
        whole = all(device.form == "machine" for device, _ in per_node)
        machines = sum(template.devices.values()) * template.nodes
        nodes = machines if whole and machines > 1 else template.nodes
        members = tuple(
            Member(
                device=device,
                count=count * template.nodes,
                owned=0 if template.rental else self._owned(device, count * template.nodes),
            )
            for device, count in per_node
        )
        link = self._link(template, members, nodes)
        lanes = self._lanes(members, nodes)
        return Rig(
            slug=_slug(members, template, link, nodes),
            title=_title(members, template, link, nodes),
            members=members,
            link=link,
            link_gb_s=self._link_speed(members, link, lanes, nodes),
            nodes=nodes,
            lanes=lanes,
            rental=template.rental,
            host_ram_gb=self.profile.system_ram_gb or 0.0,
            power_cap_w=self.profile.gpu_power_cap_w,
        )

    def _owned(self, device: Device, needed: int) -> int:
        return min(self.owned.get(device.slug, 0), needed)

    def _link(self, template: BuildTemplate, members: tuple[Member, ...], nodes: int) -> Link:
        count = sum(member.count for member in members)
        if template.link:
            return cast(Link, template.link)
        if nodes > 1 and self.profile.network == "none":
            return "thunderbolt" if members[0].device.kind == "apple" else "ethernet"
        if nodes > 1:
            return NETWORK_LINKS[self.profile.network]
        if members[0].device.kind in ("apple", "unified"):
            return "unified"
        if count == 1:
            return "none"
        if members[0].device.fabric == "nvswitch" and len(members) == 1:
            return "nvswitch"
        return "pcie"

    def _lanes(self, members: tuple[Member, ...], nodes: int) -> Quantity | None:
        """Lanes of the narrowest slot used; stated, or usual for the board."""
        cards = [m.device for m in members for _ in range(m.count) if m.device.form == "card"]
        if not cards:
            return None
        narrowest = min(cards, key=lambda card: card.pcie_lanes or 16)
        per_node = -(-len(cards) // nodes)
        if self.profile.pcie is not None:
            stated = sorted(self.profile.pcie.lanes, reverse=True)[:per_node]
            lanes, slot = int(stated[-1]), self.nodes["pcie"]
        else:
            board = self.profile.board or "consumer"
            wide = board in ("workstation", "server") or per_node > self.slots("consumer")
            usual = "lanes-full-slot" if per_node == 1 or wide else "lanes-several-cards-consumer"
            slot = self.knowledge.parameter(usual)
            lanes = int(slot.number)
        known = narrowest.pcie_lanes is not None
        return calculated(
            f"{narrowest.slug}.lanes.{slot.id}.{lanes}",
            "lanes of the narrowest GPU slot",
            min(narrowest.pcie_lanes or 16, lanes),
            "",
            "the narrower of the card's and the slot's",
            (*((self.knowledge.figure(narrowest, "pcie_lanes"),) if known else ()), slot),
        )

    def slots(self, board: Literal["consumer", "workstation", "server"]) -> int:
        """GPU slots a board of that class usually has."""
        return int(self.knowledge.parameter(f"slots-{board}").number)

    def _link_speed(
        self, members: tuple[Member, ...], link: Link, lanes: Quantity | None, nodes: int
    ) -> Quantity | None:
        """One direction between two devices, GB/s."""
        parameter = self.knowledge.parameter
        device = members[0].device
        if link in ("nvlink", "nvswitch") and device.link_gb_s is not None:
            return self.knowledge.figure(device, "link_gb_s")
        if nodes > 1:
            word = self.profile.network
            if word == "none":
                word = "thunderbolt5" if device.kind == "apple" else "10gbe"
            return parameter(f"network-{word}-gb-s")
        if link != "pcie" or lanes is None:
            return None
        stated = self.profile.pcie.generation if self.profile.pcie else None
        card = min(m.device.pcie_gen or 4.0 for m in members)
        generation = int(min(card, stated) if stated else card)
        lane = parameter(f"pcie{generation}-lane-gb-s")
        return calculated(
            f"pcie{generation}.{lanes.id}",
            f"PCIe {generation}.0 x{lanes.value}, one direction",
            lane.number * lanes.number,
            "GB/s",
            "GB/s a lane x lanes",
            (lane, lanes),
        )


def _slug(members: tuple[Member, ...], template: BuildTemplate, link: Link, nodes: int) -> str:
    whole = members[0].device.form == "machine"
    per_node = 1 if whole else template.nodes
    if whole and len(members) == 1 and members[0].count == 1:
        body = members[0].device.slug
    else:
        body = "+".join(f"{m.count // per_node}x-{m.device.slug}" for m in members)
    if link in ("nvlink", "nvswitch") and not template.rental and nodes == 1:
        body += f"-{link}"
    if nodes > 1 and not whole:
        body = f"{nodes}-nodes-{body}"
    if template.runtime:
        body += f"-{template.runtime}"
    elif whole and nodes > 1:
        body += "-exo" if members[0].device.kind == "apple" else ""
    return f"rent-{body}" if template.rental else body


def _title(members: tuple[Member, ...], template: BuildTemplate, link: Link, nodes: int) -> str:
    if template.title:
        return template.title
    per_node = 1 if members[0].device.form == "machine" else template.nodes
    parts = [
        m.device.name if m.count == per_node else f"{m.count // per_node}× {m.device.name}"
        for m in members
    ]
    text = " + ".join(parts)
    if link == "nvlink":
        text += " with NVLink"
    if nodes > 1 and per_node > 1:
        text = f"{nodes} machines with {text} each"
    if template.runtime:
        text += {"exo": " in an Exo cluster", "ray-serve": " behind Ray Serve"}.get(
            template.runtime, f" under {template.runtime}"
        )
    return f"rented {text}" if template.rental else text
