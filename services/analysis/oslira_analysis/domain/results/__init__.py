"""Answer schemas of models, and the results that are composed of their answers."""
