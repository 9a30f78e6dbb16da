"""What a plan takes and gives: memory, speed, power and price, every figure with its history."""

from .history import Request
from .price import Owned, PriceItem, PriceResult
from .resale import Resale, resale
from .sizer import Sizer

__all__ = ["Owned", "PriceItem", "PriceResult", "Request", "Resale", "Sizer", "resale"]
