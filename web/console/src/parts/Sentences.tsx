// Decisions in words.

import { Fragment } from 'react';
import { List, ListItem, Icon } from '@patternfly/react-core';
import BanIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon';
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import ExclamationTriangleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon';
import EyeIcon from '@patternfly/react-icons/dist/esm/icons/eye-icon';
import PauseCircleIcon from '@patternfly/react-icons/dist/esm/icons/pause-circle-icon';
import PencilAltIcon from '@patternfly/react-icons/dist/esm/icons/pencil-alt-icon';
import type { Sentence } from '../wording/decisions';

const icons = {
  refused: [BanIcon, 'danger'],
  failed: [ExclamationTriangleIcon, 'danger'],
  held: [PauseCircleIcon, 'warning'],
  changed: [PencilAltIcon, 'info'],
  shadow: [EyeIcon, undefined],
  agreed: [CheckCircleIcon, 'success'],
} as const;

export function Sentences({ sentences }: { sentences: Sentence[] }) {
  return (
    <List isPlain className="console-sentences">
      {sentences.map((sentence, index) => {
        const [Picture, status] = icons[sentence.kind];
        return (
          <ListItem
            key={index}
            icon={
              <Icon {...(status && { status })}>
                <Picture />
              </Icon>
            }
          >
            <Fragment>
              <span className="console-break">{sentence.text}</span>
              {sentence.help && <div className="console-help console-break">What would help: {sentence.help}</div>}
            </Fragment>
          </ListItem>
        );
      })}
    </List>
  );
}
