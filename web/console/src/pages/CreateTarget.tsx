// Adds a target, and shows the signing secret that was made for it, once.

import { useState } from 'react';
import { ActionGroup, Button, PageSection } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Connector, Target } from '../api/targets';
import { Heading } from '../parts/Heading';
import { Show, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { Secret } from '../parts/Secret';
import { MASK } from '../wording/targetProblems';
import { WHAT } from '../wording/targets';
import { TargetForm } from './TargetForm';

export default function CreateTarget() {
  const { realm = '' } = useParams();
  const navigate = useNavigate();
  const notice = useNotice();
  const connectors = useLoad((signal) => request<Connector[]>(admin(realm, 'target-connectors'), { signal }), [realm]);
  const [made, setMade] = useState<{ name: string; secret: string }>();
  const list = `/${encodeURIComponent(realm)}/targets`;
  const above: [string, string][] = [['Targets', `#${list}`]];
  const created = ({ name, credentials }: Target) => {
    const secret = credentials.secrets?.find((one) => one !== MASK);
    if (secret !== undefined) {
      setMade({ name, secret });
      return;
    }
    notice(`Target “${name}” is created`, 'The clients of this realm are on their way to it.');
    navigate(`${list}/${encodeURIComponent(name)}`);
  };
  if (made) {
    return (
      <>
        <Heading title={`Target “${made.name}” is created`} above={above} />
        <PageSection hasBodyWrapper={false} className="console-limited">
          <Secret label="Signing secret" value={made.secret} text="It is shown this once. Give it to the receiver over a safe way: it checks with it that events are from here." />
          <ActionGroup className="console-gap">
            <Button component="a" href={`#${list}/${encodeURIComponent(made.name)}`}>
              I have copied it
            </Button>
          </ActionGroup>
        </PageSection>
      </>
    );
  }
  return (
    <>
      <Heading title="Add target" text={WHAT} above={above} />
      <PageSection hasBodyWrapper={false}>
        <Show from={connectors} what="connectors" role="view-realm">
          {(data) => <TargetForm connectors={data} back={`#${list}`} onSaved={created} />}
        </Show>
      </PageSection>
    </>
  );
}
