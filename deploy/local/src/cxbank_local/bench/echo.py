"""The floor of every route: the same body, answer and token check as FastAPI itself does it, and nothing behind it."""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from shared.access import Verifier, require
from shared.app import install
from shared.http import json_fetcher

# Route by name: service, module of the models, body (None: it is only read), answer, scope.
ROUTES: Final[dict[str, tuple[str, str, str | None, str, str]]] = {
    "customers": ("customer", "customer.parties.schemas", "RegisterCustomer", "Customer", "customer.customers:write"),
    "consent-decisions": (
        "customer",
        "customer.consents.schemas",
        "AskDecision",
        "ConsentDecision",
        "customer.consent-decisions:read",
    ),
    "routing-profiles": (
        "customer",
        "customer.routing.schemas",
        None,
        "RoutingProfile",
        "customer.routing-profiles:read",
    ),
    "feedback": ("feedback", "feedback.intake.schemas", "SubmitFeedback", "Feedback", "feedback.feedback:write"),
    "interactions": (
        "customer",
        "customer.interactions.schemas",
        "RecordInteraction",
        "Interaction",
        "customer.interactions:write",
    ),
    "tickets": (
        "channel-router",
        "channel_router.queue.schemas",
        "OpenTicket",
        "Ticket",
        "channel-router.tickets:write",
    ),
}


def app() -> FastAPI:
    """An application whose answers are the examples in the file that `CXBANK_ECHO` names; the token is checked as always."""
    told = json.loads(Path(os.environ["CXBANK_ECHO"]).read_text())
    made = FastAPI(openapi_url=None)
    install(made)
    made.state.verifier = Verifier(told["issuer"], told["audience"], json_fetcher(f"{told['issuer']}/jwks"))
    router = APIRouter()
    _, module, body_name, answer_name, scope = ROUTES[told["route"]]
    models = importlib.import_module(module)
    answer_model: Any = getattr(models, answer_name)
    answer = answer_model.model_validate(told["answer"])
    caller = require(scope, actors=("staff", "client", "customer"))

    async def write(request: Request, body: Any, who: Any = caller) -> Response:
        del request, body, who
        return Response(answer.model_dump_json(), 201, media_type="application/json")

    async def read(request: Request, who: Any = caller) -> Response:
        del request, who
        return Response(answer.model_dump_json(), media_type="application/json")

    if body_name is not None:
        write.__annotations__["body"] = getattr(models, body_name)
        router.add_api_route("/echo", write, methods=["POST"], status_code=201, response_model=answer_model)
    router.add_api_route("/echo", read, methods=["GET"], response_model=answer_model)
    made.include_router(router)
    return made


def main() -> None:
    """Serve on the given port as a service's api is served."""
    import uvicorn  # noqa: PLC0415  # only where it is served

    uvicorn.run(
        app,
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
    )


if __name__ == "__main__":
    main()
