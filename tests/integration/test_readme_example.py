"""The function the README shows does what it says, through the generated client, against the real service."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import httpx

from customer.main import app
from customer.settings import Settings
from customer.worker import work
from cxbank_client import Customer
from shared.testing.service import running
from shared.testing.tokens import Issuer

ROOT = Path(__file__).parents[2]


def example(name: str) -> ModuleType:
    """A file of docs/examples as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs/examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_a_customer_is_registered_once_and_read_back(database_for: Callable[[Path], str], issuer: Issuer) -> None:
    url = database_for(ROOT / "services/customer")
    async with running(url, settings=Settings, app=app, work=work, issuer=issuer) as service:
        token = issuer.token("customer", ["customer.customers:write", "customer.customers:read"])
        async with Customer("http://customer", token, transport=httpx.ASGITransport(service.app)) as customer:
            read = await example("register_customer").register_and_read(customer)
    assert read.legal_name == "王小明"
    assert read.meta.etag == '"1"'
