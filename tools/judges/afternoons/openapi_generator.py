"""An afternoon with the Python client that openapi-generator generates: from the first key to a training run."""
import json
import os
import time
from uuid import UUID, uuid4

from plumbline_ogen import ApiClient, Configuration
from plumbline_ogen.api import (
    ApiKeysApi, CompletionBatchesApi, CompletionsApi, CriteriaApi, JobsApi, LabelersApi, PairSetsApi, PromptSetsApi, PromptsApi, RatingsApi,
    TrainingRunsApi,
)
from plumbline_ogen.exceptions import NotFoundException
from plumbline_ogen.models import (
    CreateApiKeyDto, CreateCompletionBatchDto, CreateCriterionDto, CreateCriterionVersionDto, CreateLabelerDto, CreatePairSetDto,
    CreatePromptSetDto, CreateSftRunDto, KnownScope, SamplingOptionsDto, ScaleLevelDto, SftHyperparametersDto, SftTrainingRunDto,
    TrainingRunsCreateRequest,
)

url = os.environ["PLUMBLINE_URL"]
run = uuid4().hex[:8]
admin = ApiClient(Configuration(host=url, access_token=os.environ["PLUMBLINE_KEY"]))
key = ApiKeysApi(admin).api_keys_create(CreateApiKeyDto(name=f"afternoon {run}", scopes=[KnownScope.ADMIN]))
client = ApiClient(Configuration(host=url, access_token=key.secret))


def finished(job_id: UUID | None) -> None:
    assert job_id is not None
    while True:
        job = JobsApi(client).jobs_get(job_id)
        if job.terminal:
            assert job.state == "succeeded", job
            return
        time.sleep(0.5)


lines = [{"text": f"The shop opens at {number}. When does it open?", "externalId": f"{run}-{number}"} for number in range(20)]
landed = PromptsApi(client).prompts_create_bulk("\n".join(map(json.dumps, lines)))
assert (landed.created, landed.failed) == (20, 0), landed
prompts = [UUID(str(item.id)) for item in landed.items]
try:
    PromptsApi(client).prompts_get(uuid4())
    raise AssertionError("a prompt that does not exist was found")
except NotFoundException as error:
    assert error.data is not None and error.data.code == "prompt_not_found", error
prompt_set = PromptSetsApi(client).prompt_sets_create(CreatePromptSetDto(name=f"afternoon {run}", promptIds=prompts))
policy_version = UUID(os.environ["POLICY_VERSION_ID"])
batch = CompletionBatchesApi(client).completion_batches_create(
    CreateCompletionBatchDto(policyVersionId=policy_version, promptSetId=prompt_set.id, sampling=SamplingOptionsDto(n=2, seed=1, maxTokens=16))
)
finished(batch.job_id)
completions = CompletionsApi(client).completions_list(batch_id=batch.id, limit=100).data
assert len(completions) == 40

criterion = CriteriaApi(client).criteria_create(CreateCriterionDto(name=f"afternoon {run}"))
scale = [ScaleLevelDto(value=1, label="bad"), ScaleLevelDto(value=5, label="good")]
version = CriteriaApi(client).criteria_create_version(criterion.id, CreateCriterionVersionDto(instructions="Is it right?", scale=scale, publish=True))
labeler = LabelersApi(client).labelers_create(CreateLabelerDto(externalId=f"afternoon-{run}", simulated=True))
ratings = [
    {"completionId": str(each.id), "criterionVersionId": str(version.id), "labelerId": str(labeler.id), "score": 5 if each.sample_index else 1}
    for each in completions
]
rated = RatingsApi(client).ratings_create_bulk("\n".join(map(json.dumps, ratings)))
assert (rated.created, rated.failed) == (40, 0), rated

pair_set = PairSetsApi(client).pair_sets_create(CreatePairSetDto(criterionVersionId=version.id, completionBatchId=batch.id, evalFraction=0.3))
finished(pair_set.job_id)
PairSetsApi(client).pair_sets_get_diagnostics(pair_set.id)
# The generated code takes no NDJSON, but hands out the answer as it came.
exported = PairSetsApi(client).pair_sets_export_without_preload_content(pair_set.id)
assert exported.read().count(b"\n") == 20

hyperparameters = SftHyperparametersDto(learningRate=1e-4, maxSteps=2, batchSize=4)
body = CreateSftRunDto(method="sft", policyVersionId=policy_version, pairSetId=pair_set.id, hyperparameters=hyperparameters)
started = TrainingRunsApi(client).training_runs_create(TrainingRunsCreateRequest(body)).actual_instance
assert isinstance(started, SftTrainingRunDto), started
finished(started.job_id)
runs = TrainingRunsApi(client).training_runs_list().data
mine = next(each.actual_instance for each in runs if each.actual_instance and each.actual_instance.id == started.id)
assert isinstance(mine, SftTrainingRunDto) and mine.hyperparameters.learning_rate == 1e-4 and mine.summary is not None, mine
verdict = TrainingRunsApi(client).training_runs_get_diagnostics(started.id)
print(f"trained {mine.result_policy_version_id}, verdict {verdict.status}")
