"""The year's end: results of the democratic appraisal, suggested grades, what people decided, and the papers."""
