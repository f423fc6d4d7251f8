"""`{% can 'activity.confirm' activity as ok %}`: the template asks the same function as the view."""

from typing import Any

from django import template

from branches.access import may
from branches.choices import Capability

register = template.Library()


@register.simple_tag(takes_context=True)
def can(context: Any, capability: str, target: Any = None) -> bool:
    return may(context["request"].user, Capability(capability), target)
