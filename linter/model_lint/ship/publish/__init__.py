"""Publish packages as a release on GitHub, so that it may be interrupted and repeated anywhere.

`plan` compares what is wanted with what GitHub has, and returns the steps that are missing, without
asking anyone. `carry_out` does the first of them, looks again, and so on until none is missing. An
answer that got lost, a kill and a second run therefore all lead to the same end, and no request is
sent again without a look at what the last one did. Publishing is the last step.

Who may publish a tag is decided by its ref, the only thing on GitHub that exactly one of several
can create: the API takes two drafts of one tag, and shows drafts late. The ref names an annotated
tag, which says who made it in which run, and whose digest depends on that. So:

- the ref names the object of this run: it is ours, even if the answer got lost;
- it names one of the same user that was there at the first look: an interrupted run; continue it;
- it names another one: somebody publishes this tag now; stop, before there is a draft.

A tag that was made by hand claims nothing. Then the oldest draft of the tag wins: the others remove
theirs, which are empty, and stop. Drafts have ascending numbers, so all agree which is the oldest.
Should two ever publish at once, GitHub refuses the second release of a tag.
"""
