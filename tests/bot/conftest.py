import pytest

from tests.bot.channel import Authority
from tests.bot.house import house


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def bot(authority):
    async with house(authority) as built:
        yield built
