"""Rules of the layout family."""
