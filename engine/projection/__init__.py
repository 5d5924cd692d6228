"""Categories that a language model or an analyst wrote, and the projection they make."""
