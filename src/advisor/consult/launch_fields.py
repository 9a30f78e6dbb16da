"""What the templates of a launch can name: the numbers of a sized plan and of its machine."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Rig, Sized
from advisor.model.profile import Profile
from advisor.rulebase.say import shown
from advisor.sizing.layer_split import evenly
from advisor.sizing.memory import OFFLOADING
from advisor.sizing.placement import Division, division
from advisor.sizing.rooms import occupied_gib

Fields = Mapping[str, object | None]
"""The value of every name a template may hold; None where there is none."""

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
CACHE_PAGE_TOKENS = 256  # ExLlama's cache grows in pages
BENCH_TOKENS = 128
MIB = 1024


@dataclass(frozen=True)
class Host:
    """The machine a plan starts on, as far as it is known.

    ``cards``: those that lie in it already; ``sockets``: the processor of each card, by the card's
    number; ``bound`` tells that there are several processors.
    """

    cards: tuple[Device, ...] = ()
    sockets: tuple[int, ...] = ()
    bound: bool = False
    windows: bool = False


def host_of(profile: Profile, knowledge: Knowledge) -> Host:
    """The machine of a person; cards spread over several machines lie in none that is known."""
    owned = profile.existing_cards.items() if profile.nodes == 1 else ()
    cards = [knowledge.find_device(word) for word, count in owned for _ in range(count)]
    sockets = profile.gpu_sockets
    several = profile.cpu_sockets > 1 or max(sockets, default=0) > 0
    return Host(tuple(cards), sockets, several, profile.os == "windows")


def launch_fields(
    sized: Sized, context_tokens: int, users: int, knowledge: Knowledge, host: Host
) -> Fields:
    """Every field of a launch."""
    plan, divided = sized.plan, division(sized)
    runtime, rig = knowledge.runtimes[plan.runtime], plan.rig
    own = own_file(sized, knowledge)
    repo = hub_repo(sized)
    name = file_name(sized)
    return {
        "model": own or f"{name}.gguf",
        "model_path": own or f"./{name}.gguf",
        "repo": repo or name,
        "mlx_repo": repo or f"mlx-community/{name}",
        "placeholder": None if repo else name,
        "tag": name.lower(),
        "context": context_tokens,
        "total_context": context_tokens * users,
        "cache_tokens": -(-context_tokens * users // CACHE_PAGE_TOKENS) * CACHE_PAGE_TOKENS,
        "users": users,
        "users_a_node": -(-users // rig.nodes),
        "count": rig.device_count,
        "nodes": rig.nodes,
        "per_node": rig.device_count // rig.nodes,
        "last_rank": rig.nodes - 1 or None,
        "kv_flags": runtime.kv_flags.get(plan.kv, ""),
        "quant_flags": runtime.quant_flags.get(plan.quant.family, ""),
        "half": "half" if _before_bfloat16(rig.devices, knowledge) else None,
        **_divided(sized, divided),
        **_shares(sized, knowledge),
        **_cards(sized, host),
        **_host(sized, knowledge, host),
        **_expected(sized, context_tokens, users),
    }


def own_file(sized: Sized, knowledge: Knowledge) -> str | None:
    """The person's own file of weights, quoted for a shell."""
    own = knowledge.weight_file(sized.plan.model)
    return shlex.quote(str(own[0])) if own is not None and own[1] == sized.plan.quant else None


def file_name(sized: Sized) -> str:
    """The model's name with its format, in letters that files and shells take as they are."""
    plan = sized.plan
    name = (plan.model.hub_id or plan.model.slug).rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{name}-{plan.quant.name}").strip("-")


def hub_repo(sized: Sized) -> str | None:
    """The repository the model was released in, where that holds the format or is loaded into it;
    None: somebody else's copy has to be found."""
    plan = sized.plan
    released = plan.quant.slug == plan.model.native_quant or plan.quant.family in ("none", "bnb")
    hub_id = plan.model.hub_id or ""
    return hub_id if released and HUB_ID.fullmatch(hub_id) else None


def _divided(sized: Sized, divided: Division) -> dict[str, object | None]:
    plan, layers = sized.plan, sized.plan.model.layers
    counts = [placed.layers for placed in sized.placed]
    partition = divided.stages
    if plan.split == "layer" and all(counts) and counts != evenly(len(counts), layers):
        partition = tuple(counts)
    one = divided.main_gpu is not None
    return {
        "split_mode": "none" if one else "layer",
        "main_gpu": divided.main_gpu,
        "tensor_split": _listed(divided.tensor_split),
        "bench_split": _listed(divided.tensor_split, "/"),
        "stages": _listed(partition),
        "gpu_layers": divided.gpu_layers,
        "cpu_moe_layers": divided.cpu_moe_layers or None,
        "gpu_experts_share": f"{1 - (divided.cpu_moe_layers or 0) / layers:.2f}",
        "spread": "1" if plan.split == "layer" and not one and len(counts) > 1 else None,
        "gpu_split": _gpu_split(sized) if divided.tensor_split else None,
        "sharding": "Tensor" if plan.split == "tensor" else "Pipeline",
        "instance_meta": "MlxJaccl" if plan.rig.rdma else "MlxRing",
        "bridge_backend": "nccl" if plan.rig.link in ("nvlink", "nvswitch") else None,
    }


def _gpu_split(sized: Sized) -> str:
    """GiB that may be filled of each card: what the plan puts there, and all of the last."""
    *first, last = sized.placed
    room = [math.ceil(10 * placed.used_gib) / 10 for placed in first]
    room.append(math.floor(10 * (last.capacity_gib - last.reserve_gib)) / 10)
    return " ".join(f"{gib:g}" for gib in room)


def _shares(sized: Sized, knowledge: Knowledge) -> dict[str, object | None]:
    """Shares of a device that a server may fill: in all, and with weights and cache alone.

    Of a machine with one pool it is no more than the plan needs: the rest is the system's.
    """
    spare = knowledge.parameter("tight-headroom-gib").number
    filled, static = [], []
    for placed in sized.placed:
        room = placed.capacity_gib - placed.reserve_gib
        if placed.device.form == "machine":
            room = min(room, placed.used_gib + spare)
        filled.append(room / placed.capacity_gib)
        static.append((room - placed.compute_gib) / placed.capacity_gib)
    if not filled:
        return {"memory_share": None, "static_share": None}
    return {"memory_share": _floored(min(filled)), "static_share": _floored(min(static))}


def _floored(share: float) -> str:
    return f"{math.floor(1000 * share + 1e-6) / 1000:g}"


def _cards(sized: Sized, host: Host) -> dict[str, object | None]:
    """Which cards of the machine the plan takes, and on which processor they sit."""
    rig = sized.plan.rig
    machine, numbers = _numbered(rig, host)
    every = list(range(len(machine)))

    def visible(positions: Sequence[int], vendor: str) -> str | None:
        if numbers is None or rig.devices[0].vendor != vendor:
            return None
        taken = [numbers[position] for position in positions]
        return None if taken == every else ",".join(map(str, taken))

    used = [placed.index for placed in sized.placed if placed.weights_gib > 0]
    whole = list(range(rig.device_count))
    mixed = len(set(machine)) > 1
    cuda = visible(whole, "nvidia"), visible(used, "nvidia")
    order = None
    if numbers is not None and rig.devices[0].vendor == "nvidia" and (mixed or any(cuda)):
        order = "FASTEST_FIRST" if mixed else "PCI_BUS_ID"
    return {
        "cuda_visible": cuda[0],
        "cuda_used": cuda[1],
        "device_order": order,
        "rocm_visible": visible(whole, "amd"),
        "rocm_used": visible(used, "amd"),
        "mixed_order": _in_order(rig)
        if order == "FASTEST_FIRST" and len(rig.members) > 1
        else None,
        "socket": _socket(numbers, len(machine), mixed, host),
    }


def _numbered(rig: Rig, host: Host) -> tuple[list[str], list[int] | None]:
    """The cards of the machine by their numbers, and the number of each device of the rig.

    Equal cards are numbered by slot, unlike ones by CUDA, the fastest first.
    """
    vendors = {device.vendor for device in rig.devices}
    whole = any(device.form == "machine" for device in rig.devices)
    if rig.nodes > 1 or whole or len(vendors) != 1:
        return [], None
    lying = [device for device in host.cards if device.vendor in vendors and not rig.rental]
    if not {d.slug for d in lying} & {d.slug for d in rig.devices}:
        lying = []
    cards = [*lying]
    for member in rig.members:
        there = sum(device.slug == member.device.slug for device in lying)
        cards += [member.device] * (member.count - there)
    if len({device.slug for device in cards}) == 1:
        numbers = _on_one_socket(rig.device_count, len(cards), host.sockets)
        return [device.slug for device in cards], numbers
    if vendors != {"nvidia"}:
        return [device.slug for device in cards], None
    machine = [d.slug for d in sorted(cards, key=lambda d: (-d.fp16_tflops, d.slug))]
    left = list(range(len(machine)))
    numbers = []
    for device in rig.devices:
        number = next(number for number in left if machine[number] == device.slug)
        left.remove(number)
        numbers.append(number)
    return machine, numbers


def _on_one_socket(needed: int, cards: int, sockets: tuple[int, ...]) -> list[int]:
    """The first cards that sit on one processor, or the first of all."""
    if len(sockets) == cards:
        for socket in sorted(set(sockets)):
            there = [number for number, at in enumerate(sockets) if at == socket]
            if len(there) >= needed:
                return there[:needed]
    return list(range(needed))


def _socket(numbers: list[int] | None, cards: int, mixed: bool, host: Host) -> int | None:
    """The only processor of several that the cards of the plan sit on."""
    if not host.bound or host.windows or not host.sockets:
        return None
    found = set(host.sockets)
    if len(found) > 1 and numbers is not None and not mixed and len(host.sockets) == cards:
        found = {host.sockets[number] for number in numbers}
    return found.pop() if len(found) == 1 and numbers is not None else None


def _in_order(rig: Rig) -> str:
    """The cards in the order in which the program has to see them."""
    return ", then ".join(
        f"{m.count} x {m.device.name}" if m.count > 1 else m.device.name for m in rig.members
    )


def _host(sized: Sized, knowledge: Knowledge, host: Host) -> dict[str, object | None]:
    """What is set on the machine itself."""
    rig = sized.plan.rig
    cap = rig.power_cap_w
    capped = [d for d in rig.devices if d.form != "machine" and cap is not None and d.tdp_w > cap]
    vendors = {device.vendor for device in capped} if not rig.rental else set()
    watts = None if cap is None else f"{cap:g}"
    five = rig.link == "thunderbolt" and rig.link_gb_s is not None
    five = five and "thunderbolt5" in (rig.link_gb_s.id if rig.link_gb_s else "")
    return {
        "sudo": "" if host.windows else "sudo",
        **{f"{v}_cap_w": watts if v in vendors else None for v in ("nvidia", "amd", "intel")},
        "wired_limit_mb": wired_limit_mb(sized, knowledge),
        "thunderbolt5": "Thunderbolt 5" if five else None,
        "joined": rig.nodes if rig.nodes > 1 else None,
    }


def wired_limit_mb(sized: Sized, knowledge: Knowledge) -> int | None:
    """What macOS has to let the GPU use for the plan, MiB; None where its default does, or where
    too little would be left for the system."""
    needed = 0
    for placed in sized.placed:
        room = placed.capacity_gib - placed.reserve_gib
        kept = knowledge.parameter("wired-keeps-free-gib").number
        if placed.device.vendor != "apple" or placed.used_gib > placed.capacity_gib - kept:
            return None
        if placed.used_gib > room:
            needed = max(needed, math.ceil(placed.used_gib * MIB))
    return needed or None


def _expected(sized: Sized, context_tokens: int, users: int) -> dict[str, object | None]:
    """What to see once it runs."""
    rig, number = sized.plan.rig, sized.numbers
    at_once = max(1, min(users, int(number["max_users"])))
    answer = max(1, min(BENCH_TOKENS, context_tokens // 4))
    link = rig.link_gb_s
    words = link.label.partition(", ")[0] if link is not None and rig.link == "pcie" else None
    lanes = f"x{rig.lanes.number:.0f}" if rig.lanes is not None else None
    total = number["weights_gib"] + number["kv_gib"]
    on_cards = sum(placed.weights_gib + placed.kv_gib for placed in sized.placed)
    partly = sized.plan.split in OFFLOADING
    share = round(100 * on_cards / total) if partly else 100

    def rate(name: str) -> str:
        return shown("_tok_s", number[f"{name}_tok_s"])

    def milliseconds(name: str) -> str:
        return f"{1000 * at_once / number[f'{name}_tok_s']:,.1f}"

    return {
        "decode_range": f"{rate('decode_low')} to {rate('decode_high')} tok/s",
        "prefill_range": f"{rate('prefill_low')} to {rate('prefill_high')} tok/s",
        "token_ms": f"{milliseconds('aggregate_high')} to {milliseconds('aggregate_low')} ms",
        "at_once": at_once,
        "filled": context_tokens // 2,
        "bench_answer": answer,
        "bench_prompts": max(4, 2 * at_once),
        "nvidia_memory": _memory(sized, "nvidia"),
        "amd_memory": _memory(sized, "amd"),
        "peak_gb": _peak_gb(sized),
        "gpu_percent": f"{100 - share}%/{share}% CPU/GPU" if share < 100 else "100% GPU",
        "slot": words or lanes,
        "link_gb_s": f"{link.number:.3g}" if link is not None else None,
        "network_gbit_s": f"{8 * link.number:.3g}" if link is not None and rig.nodes > 1 else None,
    }


def _memory(sized: Sized, vendor: str) -> str | None:
    """What a monitor shows of each card, MiB."""
    held: dict[tuple[str, int], int] = {}
    for placed in sized.placed:
        if placed.device.vendor != vendor or placed.device.form == "machine":
            return None
        shown_gib = occupied_gib(placed, sized.plan) if placed.weights_gib > 0 else 0.0
        at = (placed.device.name, round(shown_gib * MIB / 100) * 100)
        held[at] = held.get(at, 0) + 1
    several = len(sized.placed) > 1
    return (
        "; ".join(
            f"{name}{' each' if count > 1 else ''} about {mib:,} MiB"
            if several
            else f"about {mib:,} MiB"
            for (name, mib), count in held.items()
        )
        or None
    )


def _peak_gb(sized: Sized) -> str | None:
    """The fullest device, GB (10**9)."""
    used = max((placed.used_gib for placed in sized.placed), default=0.0)
    return f"{used * 2**30 / 1e9:.0f}" if used else None


def _before_bfloat16(devices: Sequence[Device], knowledge: Knowledge) -> bool:
    """Whether some card is older than arithmetic in bfloat16."""
    oldest = knowledge.parameter("bfloat16-compute-capability").number
    return any(d.compute_capability is not None and d.compute_capability < oldest for d in devices)


def _listed(numbers: Sequence[int] | None, between: str = ",") -> str | None:
    return None if numbers is None else between.join(map(str, numbers))
