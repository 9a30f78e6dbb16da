"""What an expert would sign for each person of the corpus, written down before the advice was read.

The grounds are the guide, its errata and the data. Where several builds are defensible all of them
stand here; where only the kind of answer is, the builds are left out.
"""

from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "corpus"


@dataclass(frozen=True)
class Signed:
    """Verdicts, builds and ways to divide the model that are right (any, where empty), and the
    warnings that must and must not be given."""

    verdicts: str
    builds: str = ""
    splits: str = ""
    warned: str = ""
    unwarned: str = ""
    rejected: str = ""


PEOPLE = {
    # The eight questions of the guide.
    "faq-double-vram": Signed(
        "add",
        "1x-rtx-4090+1x-rtx-3090 2x-rtx-4090",
        warned="not-pooled used-hardware",
        unwarned="nvlink-bridge-not-seated",
    ),
    "faq-dual-3090-or-5090-for-32b": Signed(
        "buy", "1x-rtx-5090", "none", unwarned="not-pooled used-hardware"
    ),
    "faq-dual-3090-or-5090-for-70b": Signed(
        "buy",
        "2x-rtx-3090 2x-rtx-3090-nvlink",
        warned="not-pooled used-hardware power-transient-overload",
        rejected="1x-rtx-5090:FIT001",
    ),
    "faq-4090-nvlink": Signed(
        "keep",
        "2x-rtx-4090",
        "tensor",
        warned="no-nvlink-on-4090",
        unwarned="nvlink-bridge-not-seated",
    ),
    "faq-apple-or-nvidia": Signed(
        "buy",
        "mac-studio-m5-max-128gb mac-studio-m5-ultra-96gb strix-halo-395-128 dgx-spark-gb10",
        unwarned="not-pooled",
        rejected="4x-rtx-3090:NOI001",
    ),
    "faq-tensor-or-pipeline": Signed(
        "keep", "2x-rtx-4090", "tensor", warned="pcie-lane-starvation no-nvlink-on-4090"
    ),
    "faq-mix-4090-3090": Signed(
        "add", "1x-rtx-4090+1x-rtx-3090", "layer", warned="mixed-cards not-pooled"
    ),
    "faq-mix-from-scratch": Signed("buy", "2x-rtx-3090 2x-rtx-3090-nvlink", unwarned="mixed-cards"),
    "faq-exo-cluster": Signed(
        "buy",
        "mac-studio-m5-ultra-256gb",
        "none",
        warned="macos-background-processes no-cuda",
        unwarned="cluster-slower-per-stream",
    ),
    "faq-hobby-worth-it": Signed(
        "buy",
        "1x-rtx-3060-12gb 1x-rtx-5060-ti-16gb 1x-rtx-4060-ti-16gb 1x-rtx-3090",
        "none",
        unwarned="not-pooled mixed-cards",
    ),
    # The five tiers.
    "tier-hobby": Signed("buy", "1x-rtx-5090", "none", unwarned="not-pooled used-hardware"),
    "tier-prosumer": Signed(
        "buy", "2x-rtx-3090 2x-rtx-3090-nvlink", warned="power-transient-overload used-hardware"
    ),
    "tier-quiet-largest": Signed(
        "buy",
        "mac-studio-m5-ultra-256gb",
        "none",
        warned="no-cuda macos-background-processes",
        unwarned="not-pooled power-transient-overload",
    ),
    "tier-quiet-ten-thousand": Signed(
        "buy",
        "mac-studio-m5-max-128gb strix-halo-395-128 dgx-spark-gb10 mac-studio-m5-ultra-96gb",
        "none",
        unwarned="not-pooled",
    ),
    "tier-homelab": Signed(
        "buy",
        "4x-rtx-3090 4x-rtx-3090-nvlink",
        warned="memory-junction-throttling power-transient-overload used-hardware",
    ),
    "tier-datacenter-rents": Signed(
        "rent",
        "rent-4x-h100-sxm-80gb rent-8x-h100-sxm-80gb rent-8x-h200-sxm-141gb",
        "tensor",
        warned="rent-before-owning",
    ),
    "tier-datacenter-owns": Signed(
        "buy",
        "4x-h100-sxm-80gb-nvswitch 8x-h100-sxm-80gb-nvswitch 8x-h200-sxm-141gb-nvswitch",
        "tensor",
        warned="driver-version-mismatch",
        unwarned="nvlink-bridge-not-seated",
    ),
    # The seven failure modes, each as somebody who has it, and what else goes wrong.
    "fault-bridge": Signed(
        "keep",
        "2x-rtx-3090-nvlink",
        "tensor",
        warned="nvlink-bridge-not-seated",
        unwarned="power-transient-overload price-stale",
    ),
    "fault-lanes": Signed(
        "keep",
        "2x-rtx-3090",
        "layer",
        warned="pcie-lane-starvation",
        unwarned="nvlink-bridge-not-seated",
    ),
    "fault-transients": Signed("keep", "2x-rtx-3090-nvlink", warned="power-transient-overload"),
    "fault-memory-junction": Signed(
        "keep", "4x-rtx-3090 2x-rtx-3090 4x-rtx-3090-nvlink", warned="memory-junction-throttling"
    ),
    "fault-versions": Signed(
        "keep",
        "2x-rtx-4090",
        "tensor",
        warned="driver-version-mismatch no-nvlink-on-4090",
        unwarned="nvlink-bridge-not-seated",
    ),
    "fault-numa": Signed("keep", "4x-rtx-a6000 2x-rtx-a6000", "tensor", warned="numa-placement"),
    "fault-macos-background": Signed(
        "keep",
        "mac-studio-m2-ultra-128gb",
        "none",
        warned="macos-background-processes",
        unwarned="driver-version-mismatch numa-placement",
    ),
    "fault-context-64k": Signed("no-viable-build", warned="context-does-not-fit"),
    "fault-one-idle": Signed("keep", "1x-rtx-4090+1x-rtx-3090 1x-rtx-4090"),
    # Circuits, supplies and slots.
    "circuit-two-5090s": Signed(
        "buy",
        "2x-rtx-4090",
        "tensor",
        warned="no-nvlink-on-4090",
        unwarned="circuit-overload",
        rejected="2x-rtx-5090:PWR002",
    ),
    "circuit-capped-5090s": Signed(
        "buy", "2x-rtx-5090", "tensor", unwarned="circuit-overload no-nvlink-on-4090"
    ),
    "second-3090-on-750-watts": Signed(
        "add",
        "2x-rtx-3090",
        "layer",
        warned="power-transient-overload pcie-lane-starvation used-hardware",
        unwarned="driver-version-mismatch",
    ),
    "small-supply-gentle-cap": Signed(
        "add", "2x-rtx-3090 2x-rtx-3090-nvlink", unwarned="power-transient-overload"
    ),
    "two-nodes-with-room-for-another": Signed(
        "keep", "4x-rtx-3090 2-nodes-2x-rtx-3090 4x-rtx-3090-nvlink"
    ),
    # What people own.
    "three-3090s-and-heads": Signed(
        "keep", "3x-rtx-3090", "layer", warned="tp-head-divisibility memory-junction-throttling"
    ),
    "quad-3090-reasoning": Signed("keep", "4x-rtx-3090 2x-rtx-3090", "tensor", warned="not-pooled"),
    "two-a6000s-agent": Signed("keep", "2x-rtx-a6000", warned="numa-placement"),
    "four-p40s-overnight": Signed(
        "keep",
        "4x-tesla-p40",
        "layer",
        warned="memory-junction-throttling",
        unwarned="driver-version-mismatch",
    ),
    "radeon-pair": Signed(
        "keep",
        "2x-rx-7900-xtx",
        "layer",
        warned="no-cuda not-pooled",
        unwarned="driver-version-mismatch no-nvlink-on-4090",
    ),
    "amd-only-32b": Signed(
        "buy", "1x-rx-7900-xtx 1x-r9700", "none", warned="no-cuda", unwarned="not-pooled"
    ),
    "arc-b580-windows": Signed("keep", "1x-arc-b580", "none", warned="no-cuda"),
    "arc-b60-pair": Signed("keep", "2x-arc-pro-b60 1x-arc-pro-b60", warned="no-cuda"),
    "m1-max-64gb": Signed(
        "keep", "mac-studio-m1-max-64gb", "none", warned="macos-background-processes"
    ),
    "m2-ultra-192gb-later-235b": Signed("keep", "mac-studio-m2-ultra-192gb", "none"),
    "m3-ultra-512gb-671b": Signed(
        "keep", "mac-studio-m3-ultra-512gb", "none", warned="no-cuda", unwarned="rent-before-owning"
    ),
    "m3-ultra-maverick": Signed("no-viable-build", warned="context-does-not-fit"),
    "mac-minis-thunderbolt-4": Signed(
        "keep",
        "2x-mac-mini-m4-pro-64gb-exo",
        "layer",
        warned="cluster-slower-per-stream macos-background-processes",
    ),
    "macbook-20b": Signed("keep", "macbook-pro-m5-24gb", "none"),
    "macbook-671b": Signed("no-viable-build"),
    "spark-team": Signed("keep", "dgx-spark-gb10", "none", unwarned="no-cuda not-pooled"),
    "strix-halo-windows": Signed(
        "keep",
        "strix-halo-395-128",
        "none",
        warned="no-cuda",
        unwarned="macos-background-processes",
    ),
    "h100-pcie-pair": Signed(
        "keep",
        "2x-h100-pcie-80gb",
        "tensor",
        warned="driver-version-mismatch",
        unwarned="rent-before-owning",
    ),
    "eight-a100s": Signed(
        "keep",
        "8x-a100-sxm4-80gb-nvswitch",
        "tensor",
        warned="numa-placement",
        unwarned="rent-before-owning",
    ),
    "eight-h100s-gguf": Signed("keep", "8x-h100-sxm-80gb-nvswitch", "layer"),
    "four-a100s-llama-cpp": Signed(
        "keep", "4x-a100-sxm4-80gb-nvswitch 2x-a100-sxm4-80gb-nvswitch", "layer"
    ),
    "sixteen-h100s-infiniband": Signed(
        "keep", "2-nodes-8x-h100-sxm-80gb", "pipeline", warned="cluster-slower-per-stream"
    ),
    "eight-3090s-two-machines": Signed(
        "keep", "2-nodes-4x-rtx-3090", "pipeline", warned="cluster-slower-per-stream"
    ),
    "eight-4090s-ray-serve": Signed(
        "keep",
        "4-nodes-2x-rtx-4090-ray-serve",
        "replica",
        warned="replicas-do-not-pool",
        unwarned="cluster-slower-per-stream",
    ),
    "a-3090-in-each-computer": Signed("keep", "2x-rtx-3090"),
    "mac-mini-beside-a-3090": Signed(
        "add", "2x-rtx-3090 2x-rtx-3090-nvlink", warned="used-hardware"
    ),
    "gaming-card-8b": Signed("keep", "1x-rtx-3080-10gb", "none"),
    "pair-today-70b-later": Signed("keep", "2x-rtx-3090 1x-rtx-3090"),
    # Offload.
    "120b-and-32-gb-of-memory": Signed("no-viable-build", rejected="1x-rtx-4060-ti-16gb:OFF002"),
    "70b-overnight-on-one-3090": Signed(
        "test-first", "1x-rtx-3090", "cpu-offload", warned="cpu-offload-penalty"
    ),
    "mixtral-on-two-3090s": Signed(
        "test-first", "2x-rtx-3090", "experts-in-ram", warned="cpu-offload-penalty"
    ),
    # Wishes that nothing meets.
    "sixty-tokens-a-second": Signed("no-viable-build", rejected="2x-rtx-3090:SPD001"),
    "silent-quad": Signed("no-viable-build", rejected="4x-rtx-3090:NOI001"),
    "fp8-on-ampere": Signed("no-viable-build", rejected="2x-rtx-3090:FPE001"),
    "nothing-and-no-money": Signed("no-viable-build"),
    "mlx-repository-under-vllm": Signed("no-viable-build"),
    # Programs and formats.
    "mlx-wanted": Signed(
        "buy",
        "mac-mini-m6-32gb mac-mini-m5-pro-48gb mac-mini-m5-pro-24gb",
        "none",
        warned="no-cuda",
    ),
    "ollama-windows-pair": Signed(
        "keep", "2x-rtx-3090", "layer", warned="not-pooled", unwarned="driver-version-mismatch"
    ),
    "sglang-four-4090s": Signed(
        "keep",
        "4x-rtx-4090",
        "tensor",
        warned="no-nvlink-on-4090 driver-version-mismatch memory-junction-throttling",
    ),
    "sglang-one-6000-ada": Signed(
        "keep", "1x-rtx-6000-ada", "none", warned="driver-version-mismatch", unwarned="not-pooled"
    ),
    "vllm-one-4090": Signed(
        "keep",
        "1x-rtx-4090",
        "none",
        warned="driver-version-mismatch",
        unwarned="no-nvlink-on-4090 not-pooled",
    ),
    "awq-on-one-3090": Signed("keep", "1x-rtx-3090", "none", unwarned="not-pooled"),
    "vllm-from-a-windows-desk": Signed(
        "rent", "rent-1x-h100-sxm-80gb", "none", warned="rent-before-owning"
    ),
    # Limits and wishes.
    "new-only-70b": Signed(
        "buy", "2x-rtx-4090", "tensor", unwarned="used-hardware", rejected="2x-rtx-3090:WAR001"
    ),
    "no-patience-70b": Signed("buy", "mac-studio-m5-max-64gb", "none", unwarned="not-pooled"),
    "cards-only-70b": Signed(
        "buy", "2x-rtx-3090 2x-rtx-3090-nvlink", warned="not-pooled used-hardware"
    ),
    "old-qwen-at-128k": Signed("keep", "1x-rtx-4090", "none"),
    "agent-256k": Signed("add", "2x-rtx-3090 2x-rtx-3090-nvlink", warned="not-pooled"),
    "company-chat-256-users": Signed("rent", "rent-2x-h100-sxm-80gb rent-4x-h100-sxm-80gb"),
    "v4-flash-team": Signed("rent"),
}
