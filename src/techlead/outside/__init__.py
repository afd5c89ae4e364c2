"""The words for what lies outside: ways to reach people beside the inbox and e-mail, and what a verifier says."""

from techlead.declare.notification import chat, push, webhook
from techlead.declare.outside import Signed

__all__ = ["Signed", "chat", "push", "webhook"]
