"""The gateways messages leave by: SMTP for e-mail, one signed POST for the bank's own text, push and WeChat gateway."""

import asyncio
import html
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import urlsplit

import aiosmtplib
import orjson

from customer.outreach.domain.messages import Channel, Job, Outcome
from customer.settings import Settings
from shared import clock
from shared.http import Outside, OutsideAway
from shared.webhooks.signing import signed_headers
from shared.webhooks.targets import TargetRefused, address_of

SMTP_SECONDS = 15.0


class Gateway(Protocol):
    """What takes a message; the message's id is the same however often it is handed over."""

    async def deliver(self, job: Job) -> Outcome:
        """Hand a message over; never raises for what the other side does."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


class Smtp:
    """E-mail through the bank's own relay: `smtp://host:port`, or `smtps://` for TLS from the first byte."""

    def __init__(self, settings: Settings) -> None:
        if settings.smtp_url is None:
            raise ValueError("smtp_url is needed")
        parts = urlsplit(settings.smtp_url.get_secret_value())
        self._host, self._port = parts.hostname or "localhost", parts.port or 25
        self._login = (parts.username, parts.password) if parts.username else (None, None)
        self._tls = parts.scheme == "smtps"
        self._sender = settings.mail_from

    async def deliver(self, job: Job) -> Outcome:
        """One connection for one message: refused by the relay is refused; silence after the text is not knowing."""
        letter = EmailMessage()
        letter["From"] = self._sender
        letter["To"] = job.to
        letter["Subject"] = job.subject or ""
        letter["Date"] = format_datetime(clock.now())
        letter["Message-ID"] = f"<{job.message_id}@{self._sender.partition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(job.body)
        if job.large:
            letter.add_alternative(_large_print(job), subtype="html")
        letter["Content-Language"] = job.language
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, use_tls=self._tls, timeout=SMTP_SECONDS, start_tls=None
        )
        try:
            await client.connect()
            if self._login[0] is not None:
                await client.login(self._login[0], self._login[1] or "")
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            client.close()
            return Outcome.NOT_REACHED
        return await _handed(client, letter)

    async def close(self) -> None:
        """There is nothing to give back."""


def _large_print(job: Job) -> str:
    """The same text in half as large again as the reader's own size, whatever that is (WCAG 2.2, 1.4.4: in relative units)."""
    lines = "<br>".join(html.escape(line) for line in job.body.splitlines())
    return f'<html lang="{html.escape(job.language)}"><body><p style="font-size:1.5em">{lines}</p></body></html>'


async def _handed(client: aiosmtplib.SMTP, letter: EmailMessage) -> Outcome:
    try:
        await client.send_message(letter)
    except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
        # 4xx is for later, 5xx for good (RFC 5321, 4.2.1).
        codes = [one.code for one in getattr(error, "recipients", ())] or [getattr(error, "code", 0)]
        return Outcome.NOT_REACHED if all(400 <= code < 500 for code in codes) else Outcome.REFUSED
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return Outcome.UNKNOWN
    finally:
        client.close()
    return Outcome.TAKEN


class WebhookGateway:
    """The bank's own gateway: a POST signed as Standard Webhooks are, whose id it drops repeats by."""

    def __init__(self, settings: Settings) -> None:
        if settings.gateway_url is None or settings.gateway_secret is None:
            raise ValueError("gateway_url and gateway_secret are needed")
        self._url = settings.gateway_url
        self._secret = settings.gateway_secret.get_secret_value()
        self._outside = Outside()

    async def deliver(self, job: Job) -> Outcome:
        """2xx took it; 408, 425, 429 and 5xx are for later; any other answer refuses it for good."""
        body = orjson.dumps(
            {
                "message_id": str(job.message_id),
                "channel": job.channel,
                "to": job.to,
                "language": job.language,
                "subject": job.subject,
                "body": job.body,
                "urgent": job.urgent,
                "expires_at": job.expires_at,
            }
        )
        headers = signed_headers([self._secret], str(job.message_id), clock.now(), body)
        headers["content-type"] = "application/json"
        try:
            address = await address_of(self._url, inside=True)
            answer = await self._outside.post(self._url, address, body, headers)
        except TargetRefused:
            return Outcome.NOT_REACHED
        except OutsideAway as away:
            return Outcome.UNKNOWN if away.may_have_arrived else Outcome.NOT_REACHED
        if 200 <= answer.status < 300:
            return Outcome.TAKEN
        return Outcome.NOT_REACHED if answer.status >= 500 or answer.status in {408, 425, 429} else Outcome.REFUSED

    async def close(self) -> None:
        """Give the connections back."""
        await self._outside.close()


def gateways(settings: Settings) -> Mapping[Channel, Gateway]:
    """The gateways that the settings name; a channel without one is not used."""
    made: dict[Channel, Gateway] = {}
    if settings.smtp_url is not None:
        made[Channel.EMAIL] = Smtp(settings)
    if settings.gateway_url is not None:
        gateway = WebhookGateway(settings)
        made |= dict.fromkeys((Channel.SMS, Channel.PUSH, Channel.WECHAT), gateway)
    return made


async def close_all(made: Mapping[Channel, Gateway]) -> None:
    """Give all connections back."""
    await asyncio.gather(*(one.close() for one in set(made.values())))
