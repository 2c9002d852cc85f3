"""From a trained model to its users: pack a package, try it, repair it, publish it."""
