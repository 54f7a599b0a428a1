"""Jobs: work that ends, and says when it began and how it ended."""

from __future__ import annotations

import contextlib
import functools
import inspect
import time
from types import TracebackType
from typing import Any, AsyncGenerator, Callable, Coroutine, Dict, Generator, Optional, Type, TypeVar, cast

from ._job_events import JobEvent
from ._manager import HeartbeatManager
from ._values import as_object

_Work = TypeVar("_Work", bound=Callable[..., Any])


class Job(contextlib.ContextDecorator):
    """A run of a job: `with job("backup"):`, or `@job("backup")` before a function, a coroutine function or a generator
    function. Work that raises has failed, but for `SystemExit` with the exit code 0; the exception goes on as it came. So has
    an iteration that is left before its end, and a task that is cancelled.

    What is put into `data` is told at the end, beside what was told before.
    """

    def __init__(self, name: str, manager: HeartbeatManager) -> None:
        self.name = name
        self.data: Dict[str, Any] = {}
        self._manager = manager
        self._began = 0.0

    def __call__(self, func: _Work) -> _Work:
        """The function as a job, each call a run: it begins and ends with the work, not with the call that only makes a coroutine
        or a generator."""
        work: Any = func
        if inspect.iscoroutinefunction(work):
            around: Any = _around_coroutine
        elif inspect.isasyncgenfunction(work):
            around = _around_async_generator
        else:
            around = _around_generator if inspect.isgeneratorfunction(work) else _around_function
        return cast(_Work, functools.wraps(work)(around(self._recreate_cm, work)))

    def _recreate_cm(self) -> "Job":
        return Job(self.name, self._manager)

    def __enter__(self) -> "Job":
        self._began = time.monotonic()
        self._tell(JobEvent(time.time()))
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self._tell(JobEvent(time.time(), exit_code_of(error), time.monotonic() - self._began))

    def _tell(self, event: JobEvent) -> None:
        data: Any = self.data if event.exit_code is not None else None
        self._manager.tell_job(self.name, event, None if as_object(data) == {} else data)


def _around_function(run: Callable[[], Job], work: Callable[..., Any]) -> Callable[..., Any]:
    def inner(*arguments: Any, **named: Any) -> Any:
        with contextlib.ExitStack() as stack:
            stack.enter_context(run())
            result: Any = work(*arguments, **named)
            if inspect.iscoroutine(cast(object, result)):
                return _awaited(stack.pop_all(), result)  # of a decorator between us and a coroutine function
            return result
    return inner


async def _awaited(run: contextlib.ExitStack, work: Coroutine[Any, Any, Any]) -> Any:
    with run:
        return await work


def _around_coroutine(run: Callable[[], Job], work: Callable[..., Any]) -> Callable[..., Any]:
    async def inner(*arguments: Any, **named: Any) -> Any:
        with run():
            return await work(*arguments, **named)
    return inner


def _around_generator(run: Callable[[], Job], work: Callable[..., Any]) -> Callable[..., Any]:
    def inner(*arguments: Any, **named: Any) -> Generator[Any, Any, Any]:
        with run():
            generator: Generator[Any, Any, Any] = work(*arguments, **named)
            return (yield from generator)
    return inner


def _around_async_generator(run: Callable[[], Job], work: Callable[..., Any]) -> Callable[..., Any]:
    async def inner(*arguments: Any, **named: Any) -> AsyncGenerator[Any, Any]:
        with run():
            generator: AsyncGenerator[Any, Any] = work(*arguments, **named)
            try:
                item = await generator.__anext__()
                while True:  # an asynchronous generator has no `yield from`
                    try:
                        sent = yield item
                    except GeneratorExit:
                        await generator.aclose()
                        raise
                    except BaseException as error:
                        item = await generator.athrow(error)
                    else:
                        item = await generator.asend(sent)
            except StopAsyncIteration:
                return
    return inner


def exit_code_of(error: Optional[BaseException]) -> int:
    """How a program ends that raises this: as Python itself has it."""
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return 1
