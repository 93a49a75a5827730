"""What Google makes for every project by itself: its number, and the service agents of its products."""

from sandbox.google.projects import number_of

# https://cloud.google.com/iam/docs/service-agents: the domain of a product's agent, where it is not gcp-sa-<product>.
_DOMAINS = {
    "compute": "compute-system",
    "run": "serverless-robot-prod",
    "containerregistry": "containerregistry",
}


def number(project: str) -> str:
    """The number of a project, as text."""
    return str(number_of(project))


def of(name: str) -> str:
    """The project in a resource's name."""
    return name.removeprefix("projects/").partition("/")[0]


def agent(project: str, product: str) -> str:
    """The e-mail address of a product's service agent; product: "pubsub", of pubsub.googleapis.com."""
    return f"service-{number(project)}@{_DOMAINS.get(product, f'gcp-sa-{product}')}.iam.gserviceaccount.com"
