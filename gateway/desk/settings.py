"""Section `desk` of the configuration: how patient the agents' desk is, and its bounds."""

from typing import Annotated

from pydantic import Field

from gateway.section import Section


class DeskSettings(Section):
    """The desk."""

    grace_s: Annotated[float, Field(ge=0, le=300)] = 10.0
    "An agent whose connection broke keeps their place so long."
    tabs: Annotated[int, Field(ge=1, le=32)] = 8
    "Connections of one agent at the same time."
    watched: Annotated[int, Field(ge=1, le=100)] = 20
    "Sessions that one connection may watch at the same time."
    lines: Annotated[int, Field(ge=0)] = 200
    "Agents whose audio is connected to this gateway at the same time."
