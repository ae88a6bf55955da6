"""Engines that carry one run over several processes and machines: accelerate's ranks, and Ray."""
