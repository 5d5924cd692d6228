"""Real models: sentence encoders, language models, cross-encoders; loaded lazily, in one place."""
