// A value that is shown once, with a button to copy it.

import { Alert, ClipboardCopy } from '@patternfly/react-core';

interface Props {
  /** Name of the value: what the copy button says. */
  label: string;
  value: string;
  /** What it is good for, and that it will not be shown again. */
  text: string;
}

export function Secret({ label, value, text }: Props) {
  return (
    <Alert isInline variant="success" title={`${label}: copy it now`} component="p" className="console-gap">
      <p>{text}</p>
      <ClipboardCopy isReadOnly hoverTip={`Copy ${label.toLowerCase()}`} clickTip="Copied" textAriaLabel={label} toggleAriaLabel={`Show all of the ${label.toLowerCase()}`} variant={value.length > 100 ? 'expansion' : 'inline-compact'} isCode={value.length <= 100} className="console-secret">
        {value}
      </ClipboardCopy>
    </Alert>
  );
}
