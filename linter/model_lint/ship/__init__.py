"""From a trained model to its users: what a package holds, packing it, repairing one."""
