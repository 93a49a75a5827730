"""Messages to people: what they say, who gets them, who is told next when nobody answers, and how they are sent."""

from headgate.notify.message import Delivery, Level, Message, Notifier

__all__ = ["Delivery", "Level", "Message", "Notifier"]
