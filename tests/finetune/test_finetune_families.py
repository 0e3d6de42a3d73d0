"""Model families: noise, words and pictures as the stock pipelines know them, and the right family for a model."""

import shutil
from pathlib import Path

import pytest
import tiny_diffusion
import torch
from diffusers import DDIMScheduler

from base.errors import UsageError
from base.plugins import names
from finetune import drawing, model_place, objective, parts, sampling
from finetune import recipe as recipes
from finetune.recipe import Model

CPU = torch.device("cpu")
TEXTS = ["a sks gourd", "a tree"]
CASES = ("stable_diffusion", "stable_diffusion_v", "stable_diffusion_xl", "stable_diffusion_3", "z_image")
DIFFUSION, FLOW = CASES[:3], CASES[3:]


@pytest.fixture(scope="module")
def opened(family_folders: dict[str, Path]) -> dict[str, parts.Parts]:
    """Each of them in parts, with LoRA on the denoiser."""
    teaching = objective.load("dreambooth", {})
    loaded = {}
    for case, folder in family_folders.items():
        table = {"model": {"id": str(folder)}, "weights": {"rank": 2}, "device": "cpu"}
        loaded[case], base = parts.load(recipes.from_table(recipes.Recipe, table, where=case), teaching, CPU, torch.float32)
        assert base["family"] == case.removesuffix("_v")  # found by the class in its model_index.json
    return loaded


@pytest.fixture(params=CASES)
def ours(request: pytest.FixtureRequest, opened: dict[str, parts.Parts]) -> parts.Parts:
    """One after another."""
    return opened[request.param]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def latents_of(ours: parts.Parts, rows: int, height: int = 8, width: int = 8) -> torch.Tensor:
    return normal(rows, ours.modules["vae"].config.latent_channels, height, width)


# Noise


def test_clean_undoes_noise_when_the_answer_is_the_target(ours: parts.Parts) -> None:
    z = latents_of(ours, 5)
    noise, t = normal(*z.shape, seed=1), torch.tensor([0, 1, 200, 600, 950])
    noisy = ours.noised(z, noise, t)
    assert torch.allclose(ours.clean(noisy, ours.target(z, noise, t), t), z, atol=1e-4)
    assert not torch.allclose(noisy[4], z[4], atol=0.1)


@pytest.mark.parametrize("case", FLOW)
def test_flow_goes_straight_from_picture_to_noise(case: str, opened: dict[str, parts.Parts]) -> None:
    ours = opened[case]
    z = latents_of(ours, 3)
    noise, t = normal(*z.shape, seed=1), torch.tensor([0, 250, 1000])
    noisy = ours.noised(z, noise, t)
    assert torch.equal(noisy[0], z[0])
    assert torch.allclose(noisy[1], 0.75 * z[1] + 0.25 * noise[1])
    assert torch.equal(noisy[2], noise[2])
    assert torch.equal(ours.target(z, noise, t), noise - z)


def test_timesteps_depend_on_the_numbers_given_alone_and_stay_in_range(ours: parts.Parts) -> None:
    uniform = torch.linspace(0, 1 - 2**-24, 1001)
    t = ours.timesteps(uniform)
    assert torch.equal(t, ours.timesteps(uniform.clone()))
    assert (t.diff() >= 0).all()
    assert t.min() >= 0
    assert t.max() <= 1000
    assert t.isfinite().all()


@pytest.mark.parametrize("case", DIFFUSION)
def test_diffusion_draws_all_timesteps_equally(case: str, opened: dict[str, parts.Parts]) -> None:
    t = opened[case].timesteps((torch.arange(1000) + 0.5) / 1000)
    assert torch.equal(t, torch.arange(1000))


@pytest.mark.parametrize("case", FLOW)
def test_flow_draws_logit_normal_timesteps_shifted_by_three(case: str, opened: dict[str, parts.Parts]) -> None:
    # quartiles of a logit-normal (0, 1): the logistic function of -0.67449, 0 and 0.67449; then 3 σ / (1 + 2 σ)
    t = opened[case].timesteps(torch.tensor([0.25, 0.5, 0.75]))
    sigma = torch.tensor([0.337507, 0.5, 0.662493])
    assert torch.allclose(t, 1000 * 3 * sigma / (1 + 2 * sigma), atol=0.01)


def test_min_snr_weighs_the_clean_pictures_error_by_the_clipped_ratio(ours: parts.Parts) -> None:
    z, t, gamma = latents_of(ours, 4), torch.tensor([20, 200, 500, 900]), 5.0
    noise, wrong = normal(*z.shape, seed=1), normal(*z.shape, seed=2)
    noisy, target = ours.noised(z, noise, t), ours.target(z, noise, t)
    error = (ours.clean(noisy, target + wrong, t) - ours.clean(noisy, target, t)).pow(2).mean(dim=(1, 2, 3))  # B, of the picture
    signal = ours.noised(torch.ones_like(z), torch.zeros_like(z), t)[:, 0, 0, 0]
    snr = signal**2 / ours.noised(torch.zeros_like(z), torch.ones_like(z), t)[:, 0, 0, 0] ** 2
    weighted = ours.snr_weight(t, gamma) * wrong.pow(2).mean(dim=(1, 2, 3))  # B, of the answer
    assert torch.allclose(weighted, snr.clamp(max=gamma) * error, rtol=1e-3)
    assert torch.equal(ours.snr_weight(t, None), torch.ones(4))


def test_min_snr_is_a_number_where_nothing_of_the_picture_is_left(opened: dict[str, parts.Parts]) -> None:
    noise = opened["stable_diffusion"].modules["noise"]
    kept = noise.alphas_cumprod.clone()
    noise.alphas_cumprod[999] = 0.0  # as a schedule of zero terminal SNR ends
    try:
        assert opened["stable_diffusion"].snr_weight(torch.tensor([999]), 5.0).tolist() == [1.0]
    finally:
        noise.alphas_cumprod = kept


# Pictures and words, as the stock pipelines have them


def test_latents_are_scaled_as_the_pipeline_unscales_them(ours: parts.Parts) -> None:
    vae, plain = ours.modules["vae"], latents_of(ours, 1)
    scaled = ours.latents(torch.cat([plain, torch.zeros_like(plain)], dim=1))
    with torch.no_grad():
        assert torch.allclose(ours.decode(scaled), vae.decode(plain).sample, atol=1e-5)
    shift = vae.config.shift_factor or 0.0
    assert torch.allclose(scaled / vae.config.scaling_factor + shift, plain, atol=1e-6)


def test_words_are_read_as_the_stock_pipeline_reads_them(ours: parts.Parts) -> None:
    pipe = ours.family.assembled(ours.modules)
    with torch.no_grad():
        found = ours.family.encode_texts(ours.modules, TEXTS)
        if "mask" in found:
            expected, _ = pipe.encode_prompt(list(TEXTS), device=CPU, do_classifier_free_guidance=False)
            kept = [text[mask] for text, mask in zip(found["text"], found["mask"], strict=True)]
            assert all(torch.equal(one, other) for one, other in zip(kept, expected, strict=True))
            return
        more = (None, None) if "text_encoder_3" in ours.modules else ()
        expected = pipe.encode_prompt(list(TEXTS), *more, device=CPU, num_images_per_prompt=1, do_classifier_free_guidance=False)
    assert torch.equal(found["text"], expected[0])
    assert "pooled" not in found or torch.equal(found["pooled"], expected[2])


def test_neighbours_in_a_batch_do_not_change_what_a_text_says(ours: parts.Parts) -> None:
    with torch.no_grad():
        alone = ours.family.encode_texts(ours.modules, TEXTS[:1])
        beside = ours.family.encode_texts(ours.modules, [*TEXTS, "a gourd on the pampas"])
    assert all(torch.allclose(alone[name].float(), beside[name][:1].float(), atol=1e-4) for name in alone)


def test_dropped_caption_of_xl_is_what_its_pipeline_guides_away_from(opened: dict[str, parts.Parts]) -> None:
    ours = opened["stable_diffusion_xl"]
    pipe = ours.family.assembled(ours.modules)
    with torch.no_grad():
        _, negative, _, pooled = pipe.encode_prompt(["a tree"], device=CPU, do_classifier_free_guidance=True)
        empty = ours.family.encode_texts(ours.modules, [""])
    assert torch.equal(empty["text"], negative)
    assert torch.equal(empty["pooled"], pooled)


def test_without_t5_stable_diffusion_3_reads_zeros_in_its_place(tmp_path: Path) -> None:
    from finetune.families import stable_diffusion_3

    modules = stable_diffusion_3.load(str(tiny_diffusion.save("sd3", tmp_path / "model")), None, torch.float32)
    with torch.no_grad():
        found = stable_diffusion_3.encode_texts(modules, TEXTS)
    assert found["text"].shape[1] == tiny_diffusion.LENGTH + 256
    assert not found["text"][:, tiny_diffusion.LENGTH :].any()
    assert "text_encoder_3" not in modules
    assert stable_diffusion_3.assembled(modules).text_encoder_3 is None


def test_too_long_a_caption_is_cut_and_said_once(opened: dict[str, parts.Parts], caplog: pytest.LogCaptureFixture) -> None:
    ours = opened["stable_diffusion_xl"]
    ours.family.encode_texts(ours.modules, ["pampas " * 20])
    assert [one.message[:24] for one in caplog.records if "caption_cut" in one.message] == ["caption_cut tokens=122 r"]


def test_xl_is_told_the_sizes_that_its_pipeline_tells(opened: dict[str, parts.Parts]) -> None:
    ours = opened["stable_diffusion_xl"]
    noisy, t = latents_of(ours, 2, 8, 16), torch.tensor([10, 700])
    condition = ours.base_condition(TEXTS)
    pipe = ours.family.assembled(ours.modules)
    sizes = pipe._get_add_time_ids((16, 32), (0, 0), (16, 32), torch.float32, text_encoder_projection_dim=16)
    added = {"text_embeds": condition["pooled"], "time_ids": sizes.repeat(2, 1)}
    with torch.no_grad():
        expected = pipe.unet(noisy, t, encoder_hidden_states=condition["text"], added_cond_kwargs=added).sample
        assert torch.equal(ours.predict(noisy, t, condition), expected)


def test_answer_has_the_shape_of_the_latents_and_heeds_time_and_words(ours: parts.Parts) -> None:
    noisy = latents_of(ours, 2, 8, 12)
    with torch.no_grad():
        answer = ours.predict(noisy, torch.tensor([100, 100]), ours.base_condition(TEXTS))
        later = ours.predict(noisy, torch.tensor([900, 900]), ours.base_condition(TEXTS))
        other = ours.predict(noisy, torch.tensor([100, 100]), ours.base_condition(TEXTS[::-1]))
    assert answer.shape == noisy.shape
    assert not torch.equal(answer, later)
    assert not torch.equal(answer, other)


def test_one_step_of_the_stock_flow_sampler_goes_where_our_answer_points(opened: dict[str, parts.Parts]) -> None:
    for case in FLOW:
        ours = opened[case]
        pipe = ours.family.assembled(ours.modules)
        pipe.set_progress_bar_config(disable=True)
        start = latents_of(ours, 1)
        drawn = pipe(
            prompt=TEXTS[:1], latents=start.clone(), num_inference_steps=1, guidance_scale=0.0, height=16, width=16,
            output_type="latent",
        ).images  # fmt: skip
        t = torch.tensor([1000.0])  # one step from pure noise to the picture
        with torch.no_grad():
            answer = ours.predict(start, t, ours.base_condition(TEXTS[:1]))
        assert torch.allclose(drawn, ours.clean(start, answer, t), atol=1e-5), case


@pytest.mark.parametrize("case", [one for one in CASES if one != "stable_diffusion_v"])
def test_model_in_16_bits_draws_while_it_trains_and_afterwards(case: str, family_folders: dict[str, Path]) -> None:
    table = {"model": {"id": str(family_folders[case])}, "weights": {"rank": 2}, "device": "cpu", "precision": "bf16"}
    recipe = recipes.from_table(recipes.Recipe, table, where=case)
    ours, _ = parts.load(recipe, objective.load("dreambooth", {}), CPU, torch.bfloat16)
    assert next(ours.denoiser.parameters()).dtype == torch.bfloat16
    assert next(ours.modules["vae"].parameters()).dtype == torch.float32
    wanted = drawing.wishes("a gourd", 1, seed=0, size_px=(16, 16))
    with ours.sampling() as seen:
        during = drawing.drawn(seen, objective.stock_sample, wanted, steps=2, guidance=3.0)
    pipe = ours.family.pipeline(str(family_folders[case]), None, torch.bfloat16)
    pipe.set_progress_bar_config(disable=True)
    after = sampling.Sampling(pipe, recipe, None, CPU)
    drawn = drawing.drawn(after, objective.stock_sample, wanted, steps=2, guidance=3.0)
    assert [one.size for one in (*during, *drawn)] == [(16, 16)] * 2


# The right family


def test_every_family_answers_the_same_questions() -> None:
    wanted = {
        "PIPELINES", "DENOISER", "TEXT_ENCODERS", "TARGETS", "TEXT_TARGETS", "WEIGHTS_FILE", "PIPELINE_FOLDER", "check", "load",
        "pipeline", "assembled", "grid_px", "encode_pixels", "decode", "scaled", "encode_texts", "timesteps", "noised", "target",
        "clean", "snr_weight", "predict", "save", "attach",
    }  # fmt: skip
    for name in names(model_place.PACKAGE):
        family = model_place.family_of(Model(id="any", family=name), "any", None)
        assert wanted <= set(dir(family)), name


@pytest.mark.parametrize("family", sorted(names(model_place.PACKAGE)))
def test_model_of_another_family_is_refused_by_its_own_name(family: str, family_folders: dict[str, Path]) -> None:
    plug_in = model_place.family_of(Model(id="any", family=family), "any", None)
    other = "stable_diffusion" if family != "stable_diffusion" else "stable_diffusion_xl"
    kind = "StableDiffusionPipeline" if family != "stable_diffusion" else "StableDiffusionXLPipeline"
    with pytest.raises(UsageError, match=rf"is a {kind}, not a .*model\.family"):
        plug_in.load(str(family_folders[other]), None, torch.float32)


def test_model_that_no_family_trains_lists_those_that_are_trained(tmp_path: Path) -> None:
    folder = tiny_diffusion.save("lcm", tmp_path / "lcm")
    with pytest.raises(UsageError, match=r"LatentConsistencyModelPipeline.*stable_diffusion_xl \(StableDiffusionXLPipeline\)"):
        model_place.family_of(Model(id=str(folder)), str(folder), None)


def test_model_without_its_weights_is_a_usage_error(family_folders: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(family_folders["stable_diffusion_xl"], tmp_path / "torn")
    shutil.rmtree(tmp_path / "torn" / "unet")
    plug_in = model_place.family_of(Model(id=str(tmp_path / "torn")), str(tmp_path / "torn"), None)
    with pytest.raises(UsageError, match=r"does not load as StableDiffusionXLPipeline"):
        plug_in.load(str(tmp_path / "torn"), None, torch.float32)


def test_model_that_predicts_the_picture_itself_is_refused(family_folders: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(family_folders["stable_diffusion"], tmp_path / "sample")
    DDIMScheduler(prediction_type="sample").save_pretrained(tmp_path / "sample" / "scheduler")
    plug_in = model_place.family_of(Model(id="any", family="stable_diffusion"), "any", None)
    with pytest.raises(UsageError, match=r"predicts 'sample'.*epsilon and v_prediction"):
        plug_in.load(str(tmp_path / "sample"), None, torch.float32)


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_that_comes_with_fototeca_can_be_read(name: str) -> None:
    recipe = recipes.read(name)
    assert recipe.name == name
    assert recipe.model.licence != "not stated"
    objective.load(recipe.objective.name, recipe.objective.settings)
