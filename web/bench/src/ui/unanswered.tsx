// Questions of components that the data has no answer to, and a field for each to give one.

import { Alert, Button, TextInput } from '@patternfly/react-core';
import { useState } from 'react';
import type { Facts, Unanswered as Question } from '../engine/facts.js';
import type { State } from './state.js';

interface Properties {
  questions: Question[];
  state: State;
  set: (changed: Partial<State>) => void;
}

const ASKED: Record<Question['question'], (about: string) => string> = {
  'names-of': (about) => `Which names has the address ${about}?`,
  'addresses-of': (about) => `Which addresses has ${about}?`,
  fetch: (about) => `What is at ${about}?`,
};
const PLACEHOLDER: Record<Question['question'], string> = { 'names-of': 'host.example.com', 'addresses-of': '203.0.113.9', fetch: '["https://app.example.com/callback"]' };

/** See above. */
export function Unanswered({ questions, state, set }: Properties) {
  if (questions.length === 0) return null;
  return (
    <Alert component="h3" variant="info" isInline title="Components asked what the bench does not know" className="gap-above">
      {questions.map((question) => (
        <Field key={`${question.question} ${question.about}`} question={question} state={state} set={set} />
      ))}
      Until there is an answer, they heard: nothing.
    </Alert>
  );
}

function Field({ question: { question, about }, state, set }: { question: Question; state: State; set: Properties['set'] }) {
  const [text, setText] = useState('');
  const answer = () => {
    const facts = JSON.parse(state.facts) as Partial<Facts>;
    const value = question === 'fetch' ? { status: 200, 'content-type': 'application/json', body: text } : text.split(',').map((one) => one.trim()).filter((one) => one !== '');
    set({ facts: JSON.stringify({ ...facts, [question]: { ...facts[question], [about]: value } }, null, 2) });
  };
  const id = `unanswered-${question}-${about}`;
  return (
    <form
      className="unanswered"
      onSubmit={(event) => {
        event.preventDefault();
        answer();
      }}
    >
      <label htmlFor={id}>{ASKED[question](about)}</label>
      <TextInput id={id} value={text} placeholder={PLACEHOLDER[question]} onChange={(_, value) => setText(value)} />
      <Button type="submit" variant="secondary" aria-label={`Answer: ${ASKED[question](about)}`}>
        Answer
      </Button>
    </form>
  );
}
