"""The report centre: files a worker makes, kept encrypted for a time. Builders stay in their rooms."""
