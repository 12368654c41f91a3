"""Magento BI (Adobe Commerce Intelligence): the eleven calls of its Cloud Onboarding API, and the flow over them.

Source: the vendor's document "Magento BI Cloud Onboarding API" (beta), and what its example client of 2018 sends. The
live API is private: nothing here was checked against it.
"""

from .client import AsyncClient, Client
from .models import (
    AutodashConnections,
    AutodashDatabase,
    AutodashJob,
    AutodashStatus,
    ClientRecord,
    ClientRights,
    Connection,
    ConnectionCredentials,
    ConnectionProperties,
    Invite,
    Job,
    Label,
    MagentoAccount,
    Signup,
    SignupStatus,
    Token,
)
from .onboarding import AsyncOnboardings, Onboardings
from .result import OnboardedConnection, OnboardingResult
from .spec import OnboardingSpec

__all__ = [
    "AsyncClient",
    "AsyncOnboardings",
    "AutodashConnections",
    "AutodashDatabase",
    "AutodashJob",
    "AutodashStatus",
    "Client",
    "ClientRecord",
    "ClientRights",
    "Connection",
    "ConnectionCredentials",
    "ConnectionProperties",
    "Invite",
    "Job",
    "Label",
    "MagentoAccount",
    "OnboardedConnection",
    "OnboardingResult",
    "OnboardingSpec",
    "Onboardings",
    "Signup",
    "SignupStatus",
    "Token",
]
