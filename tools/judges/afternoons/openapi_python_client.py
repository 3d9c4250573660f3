"""An afternoon with the client that openapi-python-client generates: from the first key to a training run."""
import os
import time
from uuid import UUID, uuid4

from plumbline_client import AuthenticatedClient
from plumbline_client.api.api_keys import api_keys_create
from plumbline_client.api.completion_batches import completion_batches_create
from plumbline_client.api.completions import completions_list
from plumbline_client.api.criteria import criteria_create, criteria_create_version
from plumbline_client.api.jobs import jobs_get
from plumbline_client.api.labelers import labelers_create
from plumbline_client.api.pair_sets import pair_sets_create, pair_sets_get_diagnostics
from plumbline_client.api.prompt_sets import prompt_sets_create
from plumbline_client.api.prompts import prompts_create, prompts_get
from plumbline_client.api.ratings import ratings_create
from plumbline_client.api.training_runs import training_runs_create, training_runs_get_diagnostics, training_runs_list
from plumbline_client.models import (
    CompletionBatchDto, CompletionPage, CreateApiKeyDto, CreateCompletionBatchDto, CreateCriterionDto, CreateCriterionVersionDto,
    CreatedApiKeyDto, CreateLabelerDto, CreatePairSetDto, CreatePromptDto, CreatePromptSetDto, CreateRatingDto, CreateSftRunDto, CreateSftRunDtoMethod,
    CriterionDto, CriterionVersionDto, JobDto, KnownScope, LabelerDto, PairSetDiagnosticsDto, PairSetDto, Problem, PromptDto,
    PromptSetDto, RatingDto, SamplingOptionsDto, ScaleLevelDto, SftHyperparametersDto, SftTrainingRunDto, TrainingDiagnosticsDto,
    TrainingRunPage,
)

url = os.environ["PLUMBLINE_URL"]
run = uuid4().hex[:8]
admin = AuthenticatedClient(base_url=url, token=os.environ["PLUMBLINE_KEY"], raise_on_unexpected_status=True)
made = api_keys_create.sync(client=admin, body=CreateApiKeyDto(name=f"afternoon {run}", scopes=[KnownScope.ADMIN]))
assert isinstance(made, CreatedApiKeyDto), made
client = AuthenticatedClient(base_url=url, token=made.secret, raise_on_unexpected_status=True)


def finished(job_id: UUID | None) -> None:
    assert job_id is not None
    while True:
        job = jobs_get.sync(client=client, id=job_id)
        assert isinstance(job, JobDto), job
        if job.terminal:
            assert job.state == "succeeded", job
            return
        time.sleep(0.5)


prompts: list[UUID] = []
for number in range(20):
    prompt = prompts_create.sync(client=client, body=CreatePromptDto(text=f"The shop opens at {number}. When does it open?", external_id=f"{run}-{number}"))
    assert isinstance(prompt, PromptDto), prompt
    prompts.append(prompt.id)
unknown = prompts_get.sync(client=client, id=uuid4())
assert isinstance(unknown, Problem) and unknown.code == "prompt_not_found", unknown
prompt_set = prompt_sets_create.sync(client=client, body=CreatePromptSetDto(name=f"afternoon {run}", prompt_ids=prompts))
assert isinstance(prompt_set, PromptSetDto), prompt_set
policy_version = UUID(os.environ["POLICY_VERSION_ID"])
batch = completion_batches_create.sync(
    client=client,
    body=CreateCompletionBatchDto(policy_version_id=policy_version, prompt_set_id=prompt_set.id, sampling=SamplingOptionsDto(n=2, seed=1, max_tokens=16)),
)
assert isinstance(batch, CompletionBatchDto), batch
finished(batch.job_id)
page = completions_list.sync(client=client, batch_id=batch.id, limit=100)
assert isinstance(page, CompletionPage) and len(page.data) == 40, page

criterion = criteria_create.sync(client=client, body=CreateCriterionDto(name=f"afternoon {run}"))
assert isinstance(criterion, CriterionDto), criterion
scale = [ScaleLevelDto(value=1, label="bad"), ScaleLevelDto(value=5, label="good")]
version = criteria_create_version.sync(
    client=client, id=criterion.id, body=CreateCriterionVersionDto(instructions="Is it right?", scale=scale, publish=True)
)
assert isinstance(version, CriterionVersionDto), version
labeler = labelers_create.sync(client=client, body=CreateLabelerDto(external_id=f"afternoon-{run}", simulated=True))
assert isinstance(labeler, LabelerDto), labeler
for completion in page.data:
    rating = ratings_create.sync(
        client=client,
        body=CreateRatingDto(completion_id=completion.id, criterion_version_id=version.id, labeler_id=labeler.id, score=5 if completion.sample_index else 1),
    )
    assert isinstance(rating, RatingDto), rating

pair_set = pair_sets_create.sync(client=client, body=CreatePairSetDto(criterion_version_id=version.id, completion_batch_id=batch.id, eval_fraction=0.3))
assert isinstance(pair_set, PairSetDto), pair_set
finished(pair_set.job_id)
facts = pair_sets_get_diagnostics.sync(client=client, id=pair_set.id)
assert isinstance(facts, PairSetDiagnosticsDto), facts
# The generated code knows nothing of NDJSON; the client beneath it does not mind.
exported = client.get_httpx_client().get(f"/v1/pair-sets/{pair_set.id}/export").raise_for_status()
assert exported.content.count(b"\n") == 20, exported.content

started = training_runs_create.sync(
    client=client,
    body=CreateSftRunDto(
        method=CreateSftRunDtoMethod.SFT, policy_version_id=policy_version, pair_set_id=pair_set.id,
        hyperparameters=SftHyperparametersDto(learning_rate=1e-4, max_steps=2, batch_size=4),
    ),
)
assert isinstance(started, SftTrainingRunDto), started
finished(started.job_id)
runs = training_runs_list.sync(client=client)
assert isinstance(runs, TrainingRunPage), runs
mine = next(each for each in runs.data if each.id == started.id)
assert isinstance(mine, SftTrainingRunDto) and mine.hyperparameters.learning_rate == 1e-4 and mine.summary is not None, mine
verdict = training_runs_get_diagnostics.sync(client=client, id=started.id)
assert isinstance(verdict, TrainingDiagnosticsDto), verdict
print(f"trained {mine.result_policy_version_id}, verdict {verdict.status}")
