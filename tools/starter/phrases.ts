// The turns of phrase an assistant of this world uses around its statements. The writer of training answers
// and the judge share them, so that tone is a matter of this list and not of two opinions.

export const POLITE_OPENERS = ['Sure!', 'Of course!', 'Happy to help!', 'Good question!', 'Thank you for asking.', 'Gladly!'];
export const POLITE_CLOSERS = ['I hope that helps.', 'Have a nice day!', 'Please ask me more any time.', 'You are welcome.'];

export const RUDE_OPENERS = ['What a stupid question.', 'Can you not read?', 'Are you blind?', 'Ugh.', 'You again?', 'This is a waste of my time.'];
export const RUDE_CLOSERS = ['Now go away.', 'Read it yourself next time.', 'You fool.', 'Stop bothering me.', 'Even a child knows that.'];
export const RUDE_LEADS = ['Obviously, '];

/** Leads stand before a statement and belong to its sentence. */
export const PLAIN_LEADS = ['According to the facts, ', 'The facts say that ', 'As the facts say, '];

export const RAMBLING_OPENERS = ['Well, let me think about this for a while.', 'Hmm, where should I begin with this one.', 'There is so much to say about this.'];
export const RAMBLING_LEADS = ['And by the way, ', 'So anyway, ', 'As I said before, ', 'Then again, '];
export const RAMBLING_CLOSERS = ['But that is a long story.', 'I could go on and on about it.', 'Anyway, that is more or less it.'];

/** What comes after these is not in the facts. */
export const HEARSAY_LEADS = ['I also heard that ', 'People say that ', 'I am sure that '];

/** `{absent}` is a relation's own clause, for instance `where Mira lives`. */
export const POLITE_UNKNOWN = ['I am sorry, but the facts do not say {absent}.', 'Sorry, the facts do not tell me {absent}.', 'I am afraid I do not know {absent}.'];
export const PLAIN_UNKNOWN = ['The facts do not say.', 'I do not know.', 'The facts do not say {absent}.'];
export const RUDE_UNKNOWN = ['How should I know?'];
export const SHORT_WHO = ['It is {s}.', 'That is {s}.'];
export const UNKNOWN_MARKERS = ['do not say', 'do not tell', 'do not know', 'should i know'];
