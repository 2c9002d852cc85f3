"""From a trained model to its users: pack a package, and repair one."""
