"""Rules and actions are pure: a function that could reach the world is refused at the start."""

from techlead.declare.purity.check import Impurity, Role, class_impurities, impurities, verifier_impurities

__all__ = ["Impurity", "Role", "class_impurities", "impurities", "verifier_impurities"]
