"""Column combining's published networks, after retraining (Kung, McDanel and Zhang, ASPLOS 2019)."""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "Kung, McDanel and Zhang, ASPLOS 2019 (arXiv:1811.04770)"
ALPHA, GAMMA = 8, 0.5


@dataclass(frozen=True)
class Network:
    """Ratios of the packed network to the one before packing, and accuracies in per cent.

    ``tiles`` and ``energy`` below 1 and ``throughput`` above 1 are better. They need the trained and
    retrained network: one layer packed without retraining, as here, compares in tiles and cycles only.
    """

    name: str
    tiles: float
    throughput: float
    energy: float
    accuracy: float
    accuracy_before: float


NETWORKS = (
    Network("LeNet", tiles=0.387, throughput=2.77, energy=0.158, accuracy=97.61, accuracy_before=98.5),
    Network("VGG", tiles=0.288, throughput=3.56, energy=0.250, accuracy=90.62, accuracy_before=91.67),
    Network("ResNet", tiles=0.266, throughput=3.9, energy=0.271, accuracy=93.10, accuracy_before=93.96),
)
