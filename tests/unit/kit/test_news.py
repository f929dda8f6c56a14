"""Who waits for news is woken by it, from any thread, and by nothing else."""

import asyncio
import threading

import pytest

from milepost.kit.news import News

PATIENCE = 10.0


def test_news_from_another_thread_wakes_all_who_wait() -> None:
    news = News(3)

    async def wait() -> list[int]:
        waiting = [asyncio.ensure_future(news.beyond(3, PATIENCE)) for _ in range(3)]
        await asyncio.sleep(0)
        threading.Thread(target=news.tell, args=(4, ("a",))).start()
        await asyncio.gather(*waiting)
        return [news.upto]

    assert asyncio.run(asyncio.wait_for(wait(), PATIENCE / 2)) == [4]


def test_who_is_behind_does_not_wait() -> None:
    asyncio.run(asyncio.wait_for(News(3).beyond(2, PATIENCE), PATIENCE / 2))


def test_waiting_ends_when_its_time_is_over() -> None:
    news = News(3)
    asyncio.run(asyncio.wait_for(news.beyond(3, 0.01), PATIENCE))
    assert news.upto == 3


def test_closing_wakes_all_and_lets_nobody_wait_again() -> None:
    news = News()

    async def wait() -> None:
        waiting = asyncio.ensure_future(news.beyond(0, PATIENCE))
        await asyncio.sleep(0)
        news.close()
        await waiting
        await news.beyond(0, PATIENCE)

    asyncio.run(asyncio.wait_for(wait(), PATIENCE / 2))
    assert news.is_closed


def test_who_gives_up_is_forgotten() -> None:
    news = News()

    async def give_up() -> None:
        waiting = asyncio.ensure_future(news.beyond(0, PATIENCE))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(give_up())
    assert news._waiting == set()


def test_the_last_news_about_some_topics_is_known() -> None:
    news = News(5)
    news.tell(6, ("a", "b"))
    news.tell(7, ("b",))
    assert [news.last_about(topics) for topics in (["a"], ["a", "b"], ["c"], [])] == [6, 7, 0, 0]
