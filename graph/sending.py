"""What an answer to a write for one person means for its delivery: the table that mail and installation share."""

from typing import Any

import msgspec
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from alerts.errors import DeliveryError, GraphError, Outcome
from alerts.ports import LastWord
from graph.client import NOT_SENT, TOKEN_REFUSED, GraphClient
from graph.gate import ONCE, retry_after
from graph.reader import GraphReader
from graph.wire import graph_error


class OneWrite:
    """Sends a request that may run only once; repeated only after 401, which changes nothing.

    Bodies are plain JSON, or MIME in base64: the SDK's models for a message or an installation load 20 MB of code for it.
    """

    def __init__(self, client: GraphClient) -> None:
        self._client = client
        self._reader = GraphReader(client, policy=ONCE, priority="normal")

    async def post(
        self,
        path: str,
        body: dict[str, Any] | bytes,
        last_word: LastWord | None = None,
        *,
        content_type: str = "application/json",
    ) -> GraphError | None:
        """None on success, else what Graph answered. Raises DeliveryError when no whole answer came.

        Args:
            path: below /v1.0, already encoded.
            body: sent as JSON; bytes as they are.
            last_word: asked right before the request is written; what it raises is raised.
            content_type: of the body.
        """
        generation = self._client.token_generation
        if last_word is not None:
            await last_word()
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        error = await self._once(path, content, content_type)
        if error is not None and error.status == 401:
            self._client.renew_token(generation)
            error = await self._once(path, content, content_type)
        return error

    async def _once(self, path: str, content: bytes, content_type: str) -> GraphError | None:
        request = RequestInformation(Method.POST)
        request.url = self._client.identity.base_url + path
        request.set_stream_content(content, content_type)
        try:
            response = await self._reader.send(request, cost=1)
        except GraphError as error:
            if error.code == TOKEN_REFUSED:
                outcome = Outcome.OURS
            else:
                outcome = Outcome.SAFE if error.code == NOT_SENT else Outcome.UNCLEAR
            raise DeliveryError(str(error), outcome=outcome, code=error.code) from error
        return None if response.is_success else graph_error(response, retry_after(response.headers))


def delivery_error(error: GraphError, outcome: Outcome) -> DeliveryError:
    """The same failure as a class of delivery outcome."""
    failure = DeliveryError(
        str(error), outcome=outcome, code=error.code or str(error.status), retry_after=error.retry_after
    )
    failure.__cause__ = error
    return failure
