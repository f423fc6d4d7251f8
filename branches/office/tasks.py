"""What the worker does for the report centre; named in settings.CELERY_IMPORTS, because this is no app of its own."""

from celery import shared_task

from branches.office import services


@shared_task
def delete_old_reports() -> int:
    """Beat entry, each night."""
    return services.delete_expired()
