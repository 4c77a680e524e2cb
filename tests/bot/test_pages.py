"""Probes, metrics, and what the server refuses to everybody."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.pages import Readiness
from tests.bot.house import house


async def get(bot, path, **headers):
    async with bot.client.get(f"{bot.url}{path}", headers=headers) as response:
        text = await response.text()
        return response.status, text


async def test_healthz_is_200_as_soon_as_it_serves(bot):
    assert (await get(bot, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    ("ready", "status"),
    [
        (Readiness(ready=True), 200),
        (Readiness(ready=True, problems=("scanPartial",), broken_promises=("P8",)), 200),
        (Readiness(ready=False, problems=("the database does not answer",)), 503),
    ],
)
async def test_readyz_is_503_only_when_not_ready_and_names_every_problem(bot, ready, status):
    bot.ready = ready

    async with bot.client.get(f"{bot.url}/readyz") as response:
        body = await response.json()

    assert response.status == status
    assert body == {
        "ready": ready.ready,
        "problems": list(ready.problems),
        "broken_promises": list(ready.broken_promises),
    }


async def test_the_root_is_not_there(bot):
    assert (await get(bot, "/"))[0] == 404


async def test_metrics_are_shown_on_loopback(bot):
    await bot.post(bot.channel.activity())
    status, text = await get(bot, "/metrics")

    families = {family.name for family in text_string_to_metric_families(text)}
    assert status == 200
    assert {"steward_inbound", "steward_connector_calls"} <= families


async def test_metrics_behind_a_proxy_need_the_token(authority):
    async with house(authority, metrics_token="m-token") as bot:
        proxied = {"X-Forwarded-For": "203.0.113.9"}
        without = await get(bot, "/metrics", **proxied)
        wrong = await get(bot, "/metrics", Authorization="Bearer other", **proxied)
        right = await get(bot, "/metrics", Authorization="Bearer m-token", **proxied)

    assert (without[0], wrong[0], right[0]) == (401, 401, 200)


async def test_metrics_without_a_configured_token_are_for_loopback_only(bot):
    status, _ = await get(bot, "/metrics", **{"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer "})

    assert status == 403


async def test_the_server_does_not_inflate_bodies_on_any_path(bot):
    headers = {"Content-Encoding": "gzip"}
    async with bot.client.get(f"{bot.url}/healthz", data=b"\x1f\x8bjunk", headers=headers) as response:
        assert response.status == 200
