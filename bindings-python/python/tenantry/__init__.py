"""Move customers, subscriptions and money between SaaS marketplaces.

`tenantry.cloudblue` speaks to CloudBlue Connect, `tenantry.maestrano` to Maestrano, `tenantry.magento_bi` to Magento BI
(Adobe Commerce Intelligence); `tenantry.Sandbox` plays all three on this machine, so that everything can be tried
without an account. Importing this package loads nothing else: names are loaded when used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tenantry import cloudblue as cloudblue
    from tenantry import maestrano as maestrano
    from tenantry import magento_bi as magento_bi
    from tenantry._native import Columns as Columns
    from tenantry._native import Record as Record
    from tenantry.errors import (
        APIConnectionError as APIConnectionError,
    )
    from tenantry.errors import (
        APITimeoutError as APITimeoutError,
    )
    from tenantry.errors import (
        AuthenticationError as AuthenticationError,
    )
    from tenantry.errors import (
        BadRequestError as BadRequestError,
    )
    from tenantry.errors import (
        CheckpointError as CheckpointError,
    )
    from tenantry.errors import (
        ConfigError as ConfigError,
    )
    from tenantry.errors import (
        ConflictError as ConflictError,
    )
    from tenantry.errors import (
        FlowStopped as FlowStopped,
    )
    from tenantry.errors import (
        InternalError as InternalError,
    )
    from tenantry.errors import (
        InternalServerError as InternalServerError,
    )
    from tenantry.errors import (
        NeedsAttentionError as NeedsAttentionError,
    )
    from tenantry.errors import (
        NotFoundError as NotFoundError,
    )
    from tenantry.errors import (
        OutcomeUnknownError as OutcomeUnknownError,
    )
    from tenantry.errors import (
        PermissionDeniedError as PermissionDeniedError,
    )
    from tenantry.errors import (
        RateLimitError as RateLimitError,
    )
    from tenantry.errors import (
        ResponseError as ResponseError,
    )
    from tenantry.errors import (
        SamlError as SamlError,
    )
    from tenantry.errors import (
        StepFailedError as StepFailedError,
    )
    from tenantry.errors import (
        TenantryError as TenantryError,
    )
    from tenantry.errors import (
        UnprocessableEntityError as UnprocessableEntityError,
    )
    from tenantry.errors import (
        ValidationError as ValidationError,
    )
    from tenantry.errors import (
        WaitTimeoutError as WaitTimeoutError,
    )
    from tenantry.errors import (
        WebhookError as WebhookError,
    )
    from tenantry.events import Event as Event
    from tenantry.journal import Journal as Journal
    from tenantry.journal import ReplayStore as ReplayStore
    from tenantry.sandbox import AsyncSandbox as AsyncSandbox
    from tenantry.sandbox import Sandbox as Sandbox
    from tenantry.secret import Secret as Secret

    __version__: str

__all__ = [
    "APIConnectionError",
    "APITimeoutError",
    "AsyncSandbox",
    "AuthenticationError",
    "BadRequestError",
    "CheckpointError",
    "Columns",
    "ConfigError",
    "ConflictError",
    "Event",
    "FlowStopped",
    "InternalError",
    "InternalServerError",
    "Journal",
    "NeedsAttentionError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimitError",
    "Record",
    "ReplayStore",
    "ResponseError",
    "SamlError",
    "Sandbox",
    "Secret",
    "StepFailedError",
    "TenantryError",
    "UnprocessableEntityError",
    "ValidationError",
    "WaitTimeoutError",
    "WebhookError",
    "__version__",
    "cloudblue",
    "maestrano",
    "magento_bi",
]


# Public name -> the module that has it; None for a module itself. All others are errors.
_HOMES: "dict[str, str | None]" = {
    "AsyncSandbox": "sandbox",
    "Columns": "_native",
    "Event": "events",
    "Journal": "journal",
    "Record": "_native",
    "ReplayStore": "journal",
    "Sandbox": "sandbox",
    "Secret": "secret",
    "__version__": "_native",
    "cloudblue": None,
    "maestrano": None,
    "magento_bi": None,
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    import sys

    home = _HOMES.get(name, "errors")
    module = f"tenantry.{home or name}"
    # Unlike importlib.import_module, this takes no lock for a module that is there: a fork could copy the lock locked.
    __import__(module)
    value = sys.modules[module] if home is None else getattr(sys.modules[module], name)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})
