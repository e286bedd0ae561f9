"""The scenario writer: a dilemma for a value and a topic, and six actions with their rationales."""

import dspy

REASONING = {"max_length": 400}
ACTION = {"max_length": 300}


class WriteScenario(dspy.Signature):
    """You write material for a study of values. Write one everyday moral dilemma in which the value
    named below stands against another good that is just as respectable, within the topic named
    below. Address the reader as "you"; 40 to 110 words; a concrete place, people and stakes; the
    reader may be of any age, gender, faith or nation, and any outlook must be able to find itself
    in it. Then write six actions, each in the first person and 12 to 40 words long. Three carry
    the value out (a) and three truly give it up for the other good (b), each mild, moderate and
    strong. Intensity is how far the value is carried or given up, not how bad the outcome is. The
    six are equally kind, legal, respectable and long, none names the value, and nothing in their
    wording gives away which side they are on. Before each action give its rationale in one or two
    first-person sentences: how it bears on the value, and why it has this intensity and not its
    neighbour's."""

    value: str = dspy.InputField()
    definition: str = dspy.InputField()
    topic: str = dspy.InputField()
    scenario_reasoning: str = dspy.OutputField(
        desc="which two goods conflict, and how", **REASONING
    )
    scenario_text: str = dspy.OutputField(desc="the dilemma", min_length=120, max_length=800)
    option_a_mild_reasoning: str = dspy.OutputField(desc="rationale", **REASONING)
    option_a_mild: str = dspy.OutputField(desc="mildly aligned action", **ACTION)
    option_a_moderate_reasoning: str = dspy.OutputField(desc="rationale", **REASONING)
    option_a_moderate: str = dspy.OutputField(desc="moderately aligned action", **ACTION)
    option_a_strong_reasoning: str = dspy.OutputField(desc="rationale", **REASONING)
    option_a_strong: str = dspy.OutputField(desc="strongly aligned action", **ACTION)
    option_b_mild_reasoning: str = dspy.OutputField(desc="rationale", **REASONING)
    option_b_mild: str = dspy.OutputField(desc="mildly opposed action", **ACTION)
    option_b_moderate_reasoning: str = dspy.OutputField(desc="rationale", **REASONING)
    option_b_moderate: str = dspy.OutputField(desc="moderately opposed action", **ACTION)
    option_b_strong_reasoning: str = dspy.OutputField(desc="rationale", **REASONING)
    option_b_strong: str = dspy.OutputField(desc="strongly opposed action", **ACTION)
